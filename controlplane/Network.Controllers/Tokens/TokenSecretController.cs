using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Network.Api.Pki;
using Network.Client;

namespace Network.Controllers.Tokens;

/// <summary>
/// Fills Secrets of type kubernetes.io/service-account-token: a token without end, the cluster's authority and the namespace. A Secret whose account is
/// gone goes too.
/// </summary>
internal sealed class TokenSecretController : IController
{
    private const string NameAnnotation = "kubernetes.io/service-account.name", UidAnnotation = "kubernetes.io/service-account.uid";
    private readonly ControllerContext _context;
    private readonly JsonWebToken _jwt;
    private readonly WorkQueue<string> _queue;

    internal TokenSecretController(ControllerContext context, JsonWebToken jwt)
    {
        _context = context;
        _jwt = jwt;
        _queue = context.Queue(Name);
        context.Informers.TokenSecrets.Changed += change => _queue.Add(Informer<V1Secret>.KeyOf(change.Object));
        context.Informers.ServiceAccounts.Changed += change =>
        {
            foreach (var secret in context.Informers.TokenSecrets.Items.Values.Where(s => IsOf(s, change.Object)))
                _queue.Add(Informer<V1Secret>.KeyOf(secret));
        };
    }

    public string Name => "tokens-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.TokenSecrets.Find(key) is not { Metadata.DeletionTimestamp: null } secret
            || secret.Metadata.Annotations?.TryGetValue(NameAnnotation, out var name) != true)
            return null;
        var ns = secret.Metadata.NamespaceProperty;
        secret.Metadata.Annotations.TryGetValue(UidAnnotation, out var uid);
        var account = await _context.Client.FindAsync(Resources.ServiceAccounts, ns, name!, cancel).ConfigureAwait(false);
        if (account is null || (!string.IsNullOrEmpty(uid) && uid != account.Metadata.Uid))
        {
            await _context.Client.DeleteAsync(Resources.Secrets, ns, secret.Metadata.Name, null, cancel).ConfigureAwait(false);
            return null;
        }

        var wanted = Data(secret, account);
        if (uid == account.Metadata.Uid && wanted.All(pair => secret.Data?.ContainsKey(pair.Key) == true))
            return null;
        await _context.Client.PatchAsync(Resources.Secrets, ns, secret.Metadata.Name, Patch.Merge(new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = secret.Metadata.ResourceVersion, ["annotations"] = new JsonObject { [UidAnnotation] = account.Metadata.Uid },
            },
            ["data"] = new JsonObject(wanted.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))))),
        }), null, cancel).ConfigureAwait(false);
        return null;
    }

    private Dictionary<string, string> Data(V1Secret secret, V1ServiceAccount account) => new()
    {
        ["ca.crt"] = _context.Settings.RootCertificate,
        ["namespace"] = secret.Metadata.NamespaceProperty,
        ["token"] = _jwt.Sign(new JsonObject
        {
            ["iss"] = "kubernetes/serviceaccount",
            ["kubernetes.io/serviceaccount/namespace"] = secret.Metadata.NamespaceProperty,
            ["kubernetes.io/serviceaccount/secret.name"] = secret.Metadata.Name,
            ["kubernetes.io/serviceaccount/service-account.name"] = account.Metadata.Name,
            ["kubernetes.io/serviceaccount/service-account.uid"] = account.Metadata.Uid,
            ["sub"] = $"system:serviceaccount:{secret.Metadata.NamespaceProperty}:{account.Metadata.Name}",
        }),
    };

    private static bool IsOf(V1Secret secret, V1ServiceAccount account) => secret.Metadata.NamespaceProperty == account.Metadata.NamespaceProperty
        && secret.Metadata.Annotations is { } annotations && annotations.TryGetValue(NameAnnotation, out var name) && name == account.Metadata.Name;
}
