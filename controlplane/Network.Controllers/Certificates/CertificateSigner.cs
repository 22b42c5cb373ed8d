using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Pki;
using Network.Client;

namespace Network.Controllers.Certificates;

/// <summary>Signs approved requests of the signers this cluster runs; what a signer cannot accept fails with its reason.</summary>
internal sealed partial class CertificateSigner : IController
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(365);
    private readonly ControllerContext _context;
    private readonly CertificateAuthority _authority;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal CertificateSigner(ControllerContext context, CertificateAuthority authority)
    {
        _context = context;
        _authority = authority;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.CertificateSigningRequests.Changed += change => _queue.Add(change.Object.Metadata.Name);
    }

    public string Name => "certificate-signer";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.CertificateSigningRequests.Find(name) is not { } request || !request.Has("Approved") || request.Has("Denied") || request.Has("Failed")
            || request.IsIssued() || !KnownSigners.IsKnown(request.Spec.SignerName))
            return null;
        var wanted = request.Parse();
        var fault = wanted is null ? "the request is not a certificate request" : KnownSigners.Fault(request.Spec.SignerName, wanted, request.Spec.Usages);
        if (fault.Length > 0)
        {
            await _context.Client.AddConditionAsync(request, "status", ("Failed", "SignerValidationFailure", fault), cancel).ConfigureAwait(false);
            LogFailed(name, fault);
            return null;
        }

        var certificate = _authority.Sign(wanted!, request.Spec.SignerName == KnownSigners.Serving, LifetimeOf(request));
        await _context.Client.PatchAsync(Resources.CertificateSigningRequests, null, name, Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = request.Metadata.ResourceVersion },
            ["status"] = new JsonObject { ["certificate"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate)) },
        }), "status", cancel).ConfigureAwait(false);
        LogSigned(name, wanted!.Names.CommonName, request.Spec.SignerName);
        return null;
    }

    private static TimeSpan LifetimeOf(V1CertificateSigningRequest request) =>
        request.Spec.ExpirationSeconds is { } seconds && TimeSpan.FromSeconds(seconds) < s_longest ? TimeSpan.FromSeconds(seconds) : s_longest;

    [LoggerMessage(Level = LogLevel.Information, Message = "signed request={Name} for={Subject} signer={Signer}")]
    private partial void LogSigned(string name, string subject, string signer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "failed request={Name}: {Fault}")]
    private partial void LogFailed(string name, string fault);
}
