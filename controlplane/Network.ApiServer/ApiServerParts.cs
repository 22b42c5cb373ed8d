using Microsoft.Extensions.Logging;
using Network.Api.Pki;
using Network.ApiServer.Admission;
using Network.ApiServer.Admission.Webhooks;
using Network.ApiServer.Allocation;
using Network.ApiServer.Auditing;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;
using Network.ApiServer.Bootstrap;
using Network.ApiServer.CustomResources;
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
    private readonly ServerEndpoints? _endpoints;
    private readonly DefinitionController _definitions;
    private readonly StorageMetrics _storage;
    private readonly AuditLog? _audit;
    private volatile bool _ready;

    public ApiServerParts(ApiServerSettings settings, IStore store, TimeProvider time, ILoggerFactory loggers)
    {
        var ranges = new ServiceRanges(settings.ServiceCidr, settings.FirstNodePort, settings.LastNodePort);
        Registry = new ObjectRegistry(store, time, new StrategyCatalog(store, time, ranges)) { RootCertificate = settings.ClientCa.ExportCertificatePem() + "\n" };
        var rbac = new RbacAuthorizer(store);
        var authorizer = new AuthorizerChain(new NodeAuthorizer(Registry), rbac);
        var served = new ServedResources();
        var kubelets = new KubeletLink(settings);
        Registry.Admission = AdmissionPlugins.Create(Registry, authorizer, rbac,
            new WebhookAdmission(Registry, served, kubelets, loggers.CreateLogger("Network.ApiServer.Webhooks")));
        Hub = new WatchHub(store, loggers.CreateLogger("Network.ApiServer.WatchHub"));
        _bootstrap = new BootstrapObjects(Registry, settings, ranges);
        if (settings.Advertise is { } advertised)
            _endpoints = new ServerEndpoints(Registry, advertised, loggers.CreateLogger("Network.ApiServer.ServerEndpoints"));
        _definitions = new DefinitionController(Registry, served, Hub, loggers.CreateLogger("Network.ApiServer.CustomResources"));
        var tokens = new ServiceAccountTokens(new JsonWebToken(settings.ServiceAccountKey), settings.ServiceAccountIssuer, Registry);
        var authenticator = new Authenticator(new CertificateAuthenticator(settings.ClientCa, time), tokens, new BootstrapTokens(Registry));
        var verbs = new VerbHandlers(Registry, Hub, _stopping.Token);
        var subresources = new SubresourceHandlers(verbs, SubresourceCatalog.Create(
            Registry, tokens, new IdentityReviews(authenticator), new AccessReviews(authorizer, rbac), kubelets));
        var health = new HealthHandler(
        [
            new("ping", () => true), new("log", () => true), HealthCheck.Of(store, time), new("poststarthook/rbac/bootstrap-roles", () => _ready),
            new("poststarthook/bootstrap-objects", () => _ready), new("shutdown", () => !_stopping.IsCancellationRequested, false),
        ], loggers.CreateLogger("Network.ApiServer.Health"));
        _storage = new StorageMetrics(store, settings.StorageBytes);
        if (settings.Audit is { } audit)
            _audit = new AuditLog(AuditPolicy.Parse(audit.Policy), audit.Path, time, loggers.CreateLogger("Network.ApiServer.Audit"));
        Pipeline = new RequestPipeline(
            authenticator, new AccessCheck(authorizer),
            new Routes(verbs, subresources, new DiscoveryHandler(served), new OpenApiHandler(served, Registry), health)
            {
                Store = store, Issuer = new(tokens, settings.ServiceAccountIssuer), Served = served, RenderMetrics = settings.RenderMetrics,
            },
            loggers.CreateLogger("Network.ApiServer.Requests"))
        {
            Limits = new(settings.InFlight.Reads, settings.InFlight.Writes), Audit = _audit,
        };
    }

    public ObjectRegistry Registry { get; }

    public WatchHub Hub { get; }

    public RequestPipeline Pipeline { get; }

    public async Task BootstrapAsync()
    {
        await _bootstrap.EnsureAsync();
        if (_endpoints is not null)
            await _endpoints.StartAsync();
        _definitions.Start();
        _ready = true;
    }

    /// <summary>Takes this server out of the cluster's endpoints and ends all watches, so that a stop does not wait for them.</summary>
    public async Task StopAsync()
    {
        if (_endpoints is not null)
            await _endpoints.StopAsync();
        await _stopping.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_endpoints is not null)
            await _endpoints.DisposeAsync();
        await _definitions.DisposeAsync();
        await Hub.DisposeAsync();
        if (_audit is not null)
            await _audit.DisposeAsync();
        _storage.Dispose();
        _stopping.Dispose();
    }
}
