using Microsoft.Extensions.Logging;
using Network.ApiServer.Admission;
using Network.ApiServer.Allocation;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;
using Network.ApiServer.Bootstrap;
using Network.ApiServer.Discovery;
using Network.ApiServer.Handlers;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;
using Network.ApiServer.Strategies;
using Network.ApiServer.Subresources;
using Network.ApiServer.Watching;
using Network.Store;

namespace Network.ApiServer;

/// <summary>The parts and how they hang together, in the order they depend on each other.</summary>
internal sealed class ApiServerParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly BootstrapObjects _bootstrap;
    private volatile bool _ready;

    public ApiServerParts(ApiServerSettings settings, IStore store, TimeProvider time, ILoggerFactory loggers)
    {
        var ranges = new ServiceRanges(settings.ServiceCidr, settings.FirstNodePort, settings.LastNodePort);
        Registry = new ObjectRegistry(store, time, new StrategyCatalog(store, time, ranges)) { RootCertificate = settings.ClientCa.ExportCertificatePem() + "\n" };
        Registry.Admission = AdmissionPlugins.Create(Registry);
        Hub = new WatchHub(store, loggers.CreateLogger("Network.ApiServer.WatchHub"));
        _bootstrap = new BootstrapObjects(Registry, settings, ranges);
        var tokens = new ServiceAccountTokens(settings.ServiceAccountKey, settings.ServiceAccountIssuer, Registry);
        var rbac = new RbacAuthorizer(store);
        var verbs = new VerbHandlers(Registry, Hub, _stopping.Token);
        var subresources = new SubresourceHandlers(verbs, SubresourceCatalog.Create(Registry, tokens, rbac, settings));
        var health = new HealthHandler([new("ping", () => true), new("etcd", () => store.Revision >= 0), new("poststarthook/bootstrap", () => _ready)]);
        Pipeline = new RequestPipeline(
            new Authenticator(new CertificateAuthenticator(settings.ClientCa, time), tokens), new AccessCheck(rbac),
            new Routes(verbs, subresources, new DiscoveryHandler(), new OpenApiHandler(), health) { Store = store, Issuer = new(tokens, settings.ServiceAccountIssuer) }, loggers.CreateLogger("Network.ApiServer.Requests"));
    }

    public ObjectRegistry Registry { get; }

    public WatchHub Hub { get; }

    public RequestPipeline Pipeline { get; }

    public async Task BootstrapAsync()
    {
        await _bootstrap.EnsureAsync();
        _ready = true;
    }

    /// <summary>Ends all watches, so that a stop does not wait for them.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Hub.DisposeAsync();
        _stopping.Dispose();
    }
}
