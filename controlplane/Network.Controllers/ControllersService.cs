using Microsoft.Extensions.Logging;
using Network.Api.Pki;
using Network.Client;
using Network.Controllers.Certificates;
using Network.Controllers.ClusterRoles;
using Network.Controllers.DaemonSets;
using Network.Controllers.Deployments;
using Network.Controllers.Disruption;
using Network.Controllers.Endpoints;
using Network.Controllers.GarbageCollection;
using Network.Controllers.LoadBalancers;
using Network.Controllers.Namespaces;
using Network.Controllers.Nodes;
using Network.Controllers.Pods;
using Network.Controllers.Quotas;
using Network.Controllers.ReplicaSets;
using Network.Controllers.ServiceAccounts;
using Network.Controllers.Tokens;

namespace Network.Controllers;

/// <summary>All controllers of a cluster in one service. A new controller is one folder and one line in <see cref="All"/>.</summary>
public sealed partial class ControllersService(ApiClient client, ControllerSettings settings, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger("controllers");
    private bool _ready;

    public bool IsReady => _ready;

    public async Task RunAsync(CancellationToken cancel)
    {
        var informers = new SharedInformers(client, _logger);
        var events = new EventRecorder(client, "podnet-controllers", null, time, _logger);
        var context = new ControllerContext(client, informers, events, time, loggers, settings);
        // Handlers are attached before the first list, so every existing object is announced to every controller.
        var controllers = All(context, new OwnedPods(informers.Pods));
        var background = Task.WhenAll(informers.RunAsync(cancel), events.RunAsync(cancel));
        await informers.Synced.WaitAsync(cancel).ConfigureAwait(false);
        _ready = true;
        LogReady(controllers.Count);
        await Task.WhenAll(controllers.Select(controller => controller.RunAsync(cancel))).ConfigureAwait(false);
        await background.ConfigureAwait(false);
    }

    private static IReadOnlyList<IController> All(ControllerContext context, OwnedPods owned) =>
    [
        new NodeIpamController(context),
        new NodeLifecycleController(context),
        new TaintEvictionController(context),
        new ServiceAccountController(context),
        new NamespaceController(context),
        new AggregationController(context),
        new CertificateApprover(context),
        .. context.Settings.Signer is { } authority ? [new CertificateSigner(context, authority)] : Array.Empty<IController>(),
        new CertificateCleaner(context),
        .. context.Settings.ServiceAccountKey is { } key ? [new TokenSecretController(context, new JsonWebToken(key))] : Array.Empty<IController>(),
        new TokenCleaner(context),
        new DeploymentController(context),
        new ReplicaSetController(context, owned),
        new DaemonSetController(context, owned),
        new DisruptionController(context),
        new QuotaController(context),
        new EndpointsController(context),
        .. context.Settings.LoadBalancerPool.IsEmpty ? Array.Empty<IController>() : [new LoadBalancerController(context)],
        new GarbageCollector(context),
    ];

    [LoggerMessage(Level = LogLevel.Information, Message = "ready controllers={Count}")]
    private partial void LogReady(int count);
}
