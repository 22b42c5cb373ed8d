using k8s.Models;
using Network.Client;

namespace Network.Controllers.ServiceAccounts;

/// <summary>Every namespace has a service account <c>default</c> and the ConfigMap <c>kube-root-ca.crt</c> that pods trust the API server by.</summary>
internal sealed class ServiceAccountController : IController
{
    private const string RootConfigMap = "kube-root-ca.crt";
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;

    internal ServiceAccountController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        context.Informers.Namespaces.Changed += change => _queue.Add(change.Object.Metadata.Name);
        context.Informers.ServiceAccounts.Changed += change =>
        {
            if (change.IsDelete && change.Object.Metadata.Name == "default")
                _queue.Add(change.Object.Metadata.NamespaceProperty);
        };
        context.Informers.RootCertificates.Changed += change => _queue.Add(change.Object.Metadata.NamespaceProperty);
    }

    public string Name => "serviceaccount-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(2, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.Namespaces.Find(name) is not { Metadata.DeletionTimestamp: null })
            return null;
        if (_context.Informers.ServiceAccounts.Find($"{name}/default") is null)
            await IgnoreExistingAsync(_context.Client.CreateAsync(Resources.ServiceAccounts,
                new V1ServiceAccount { Metadata = new V1ObjectMeta { Name = "default", NamespaceProperty = name } }, cancel)).ConfigureAwait(false);
        var published = _context.Informers.RootCertificates.Find($"{name}/{RootConfigMap}");
        var wanted = new Dictionary<string, string> { ["ca.crt"] = _context.Settings.RootCertificate };
        if (published is null)
            await IgnoreExistingAsync(_context.Client.CreateAsync(Resources.ConfigMaps, new V1ConfigMap
            {
                Metadata = new V1ObjectMeta
                {
                    Name = RootConfigMap,
                    NamespaceProperty = name,
                    Annotations = new Dictionary<string, string>
                    {
                        ["kubernetes.io/description"] = "Contains a CA bundle that can be used to verify the API server's certificate.",
                    },
                },
                Data = wanted,
            }, cancel)).ConfigureAwait(false);
        else if (published.Data is null || published.Data.Count != 1 || !published.Data.TryGetValue("ca.crt", out var text) || text != wanted["ca.crt"])
            await _context.Client.ReplaceAsync(Resources.ConfigMaps, published with { Data = wanted }, null, cancel).ConfigureAwait(false);
        return null;
    }

    private static async Task IgnoreExistingAsync(Task creation)
    {
        try
        {
            await creation.ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // Created by the API server or another controller while our cache was late.
        }
    }
}
