using k8s.Models;
using Network.Client;

namespace Network.Controllers.Certificates;

/// <summary>Certificate signing requests are letters, not records: answered ones go after an hour, forgotten ones after a day.</summary>
internal sealed class CertificateCleaner : IController
{
    private static readonly TimeSpan s_answered = TimeSpan.FromHours(1), s_pending = TimeSpan.FromHours(24);
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;

    internal CertificateCleaner(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        context.Informers.CertificateSigningRequests.Changed += change => _queue.Add(change.Object.Metadata.Name);
    }

    public string Name => "certificate-cleaner";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.CertificateSigningRequests.Find(name) is not { } request)
            return null;
        var left = EndOf(request) - _context.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left;
        await _context.Client.DeleteAsync(Resources.CertificateSigningRequests, null, name, null, cancel).ConfigureAwait(false);
        return null;
    }

    internal static DateTimeOffset EndOf(V1CertificateSigningRequest request)
    {
        var decided = (request.Status?.Conditions ?? []).Where(c => c.Type is "Approved" or "Denied" or "Failed").Select(c => c.LastUpdateTime).Max();
        return decided is { } at ? at + s_answered : (request.Metadata.CreationTimestamp ?? DateTime.MaxValue.AddDays(-2)) + s_pending;
    }
}
