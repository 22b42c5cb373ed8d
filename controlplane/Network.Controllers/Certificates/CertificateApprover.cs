using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Pki;
using Network.Client;

namespace Network.Controllers.Certificates;

/// <summary>
/// Approves what nodes ask for themselves: client certificates after asking whether the requester may (nodeclient for a new node, selfnodeclient for
/// a renewal), serving certificates when every name in them is one the node's object shows.
/// </summary>
internal sealed partial class CertificateApprover : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal CertificateApprover(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.CertificateSigningRequests.Changed += change => _queue.Add(change.Object.Metadata.Name);
        // A node asks for its serving certificate before its addresses are known here.
        context.Informers.Nodes.Changed += change =>
        {
            foreach (var request in context.Informers.CertificateSigningRequests.Items.Values.Where(r => r.Spec.Username == KnownSigners.NodePrefix + change.Object.Metadata.Name))
                _queue.Add(request.Metadata.Name);
        };
    }

    public string Name => "certificate-approver";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.CertificateSigningRequests.Find(name) is not { } request || request.Has("Approved") || request.Has("Denied") || request.IsIssued())
            return null;
        if (request.Parse() is not { } wanted || KnownSigners.Fault(request.Spec.SignerName, wanted, request.Spec.Usages).Length > 0)
            return null;
        var message = request.Spec.SignerName switch
        {
            KnownSigners.Kubelet => await JudgeClientAsync(request, wanted, cancel).ConfigureAwait(false),
            KnownSigners.Serving => JudgeServing(request, wanted),
            _ => null,
        };
        if (message is null)
            return null;
        await _context.Client.AddConditionAsync(request, "approval", ("Approved", "AutoApproved", message), cancel).ConfigureAwait(false);
        LogApproved(name, request.Spec.Username, request.Spec.SignerName);
        return null;
    }

    private async Task<string?> JudgeClientAsync(V1CertificateSigningRequest request, SigningRequest wanted, CancellationToken cancel)
    {
        if (request.Spec.Username == wanted.Names.CommonName && await MayAsync(request, "selfnodeclient", cancel).ConfigureAwait(false))
            return "Auto approving self kubelet client certificate after SubjectAccessReview.";
        return await MayAsync(request, "nodeclient", cancel).ConfigureAwait(false) ? "Auto approving kubelet client certificate after SubjectAccessReview." : null;
    }

    private string? JudgeServing(V1CertificateSigningRequest request, SigningRequest wanted)
    {
        var name = wanted.Names.CommonName;
        if (request.Spec.Username != name || _context.Informers.Nodes.Find(name[KnownSigners.NodePrefix.Length..]) is not { } node)
            return null;
        return MatchesNode(wanted, node) ? "Auto approving kubelet serving certificate: its names are the node's." : null;
    }

    internal static bool MatchesNode(SigningRequest wanted, V1Node node)
    {
        var shown = (node.Status?.Addresses ?? []).Select(a => a.Address).Append(node.Metadata.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return wanted.DnsNames.Concat(wanted.Addresses.Select(a => a.ToString())).All(shown.Contains);
    }

    private async Task<bool> MayAsync(V1CertificateSigningRequest request, string subresource, CancellationToken cancel)
    {
        var spec = new JsonObject
        {
            ["user"] = request.Spec.Username, ["uid"] = request.Spec.Uid ?? "",
            ["groups"] = new JsonArray([.. (request.Spec.Groups ?? []).Select(g => (JsonNode)g)]),
            ["resourceAttributes"] = new JsonObject
            {
                ["verb"] = "create", ["group"] = "certificates.k8s.io", ["version"] = "*", ["resource"] = "certificatesigningrequests", ["subresource"] = subresource,
            },
        };
        var review = await _context.Client.RequestAsync(HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", new JsonObject { ["spec"] = spec }, cancel).ConfigureAwait(false);
        return (bool?)review?["status"]?["allowed"] == true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "approved request={Name} user={User} signer={Signer}")]
    private partial void LogApproved(string name, string user, string signer);
}
