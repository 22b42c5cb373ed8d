using System.Globalization;
using System.Text;
using k8s.Models;
using Network.Client;

namespace Network.Controllers.Tokens;

/// <summary>Deletes bootstrap tokens at the second they end.</summary>
internal sealed class TokenCleaner : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;

    internal TokenCleaner(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        context.Informers.BootstrapTokens.Changed += change => _queue.Add(Informer<V1Secret>.KeyOf(change.Object));
    }

    public string Name => "token-cleaner";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.BootstrapTokens.Find(key) is not { Metadata.NamespaceProperty: "kube-system" } secret || EndOf(secret) is not { } end)
            return null;
        var left = end - _context.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
            return left < TimeSpan.FromDays(7) ? left : TimeSpan.FromDays(7);
        await _context.Client.DeleteAsync(Resources.Secrets, "kube-system", secret.Metadata.Name, null, cancel).ConfigureAwait(false);
        return null;
    }

    private static DateTimeOffset? EndOf(V1Secret secret) => secret.Data is { } data && data.TryGetValue("expiration", out var bytes)
        && DateTimeOffset.TryParse(Encoding.UTF8.GetString(bytes), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) ? end : null;
}
