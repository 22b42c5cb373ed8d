using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Network.Api.Pki;
using Network.ApiServer;
using Network.Client;
using Network.Controllers;
using Network.Controllers.LoadBalancers;
using Network.Host.Health;
using Network.Host.Parts;
using Network.Scheduler;
using Network.Store;

namespace Network.Host.Roles;

/// <summary>The parts of a control plane. All of them in one process are the server; each also starts alone.</summary>
public static class ServerRole
{
    /// <summary>API server, store, scheduler and controllers in one process.</summary>
    public static async Task RunAsync(ServerOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        using var loggers = Composition.Loggers(time);
        using var metrics = new PrometheusExporter();
        var pki = ClusterPki.Open(options.PkiDirectory, time);
        var inside = new Uri($"https://{Reachable(options)}");
        using var scheduler = new ApiClient(Identity(inside, pki, "scheduler", "system:kube-scheduler"));
        using var controllers = new ApiClient(Identity(inside, pki, "controllers", "system:kube-controller-manager"));
        using var addons = new ApiClient(Identity(inside, pki, "addons", "podnet-addons", "system:masters"));
        await Composition.RunAsync(
        [
            ApiServer(options, pki, metrics, time, loggers),
            new AddonsPart(addons, options.ServiceCidr, time, loggers),
            Scheduler(scheduler, time, loggers),
            Controllers(controllers, new ControllerSettings
            {
                ClusterCidr = options.ClusterCidr, RootCertificate = pki.AuthorityCertificate, Signer = pki.Signer, ServiceAccountKey = Key(pki.ServiceAccountKeyFile),
                LoadBalancerPool = AddressPool.Parse(options.LoadBalancerPool),
            }, time, loggers),
        ], options.HealthPort, time, loggers, cancel, metrics).ConfigureAwait(false);
    }

    public static async Task RunApiServerAsync(ServerOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        using var loggers = Composition.Loggers(time);
        using var metrics = new PrometheusExporter();
        var pki = ClusterPki.Open(options.PkiDirectory, time);
        using var addons = new ApiClient(Identity(new Uri($"https://{Reachable(options)}"), pki, "addons", "podnet-addons", "system:masters"));
        IReadOnlyList<IPart> parts = [ApiServer(options, pki, metrics, time, loggers), new AddonsPart(addons, options.ServiceCidr, time, loggers)];
        await Composition.RunAsync(parts, options.HealthPort, time, loggers, cancel, metrics).ConfigureAwait(false);
    }

    public static async Task RunSchedulerAsync(ServerOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        using var loggers = Composition.Loggers(time);
        using var client = Composition.Client(options.Kubeconfig!, "podnet-scheduler");
        await Composition.RunAsync([Scheduler(client, time, loggers)], options.HealthPort, time, loggers, cancel).ConfigureAwait(false);
    }

    public static async Task RunControllersAsync(ServerOptions options, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        using var loggers = Composition.Loggers(time);
        using var client = Composition.Client(options.Kubeconfig!, "podnet-controllers");
        var root = await File.ReadAllTextAsync(options.RootAuthority!, cancel).ConfigureAwait(false);
        var settings = new ControllerSettings
        {
            ClusterCidr = options.ClusterCidr,
            RootCertificate = root,
            LoadBalancerPool = AddressPool.Parse(options.LoadBalancerPool),
            Signer = options.SigningKey is { } key ? CertificateAuthority.Load(new PemPair(root, await File.ReadAllTextAsync(key, cancel).ConfigureAwait(false)), time) : null,
            ServiceAccountKey = options.ServiceAccountKey is { } file ? Key(file) : null,
        };
        await Composition.RunAsync([Controllers(client, settings, time, loggers)], options.HealthPort, time, loggers, cancel).ConfigureAwait(false);
    }

    private static Part ApiServer(ServerOptions options, ClusterPki pki, PrometheusExporter metrics, TimeProvider time, ILoggerFactory loggers)
    {
        var ready = false;
        return new Part("apiserver", () => ready, async cancel =>
        {
            await using var store = await OpenStoreAsync(options, time, loggers, cancel).ConfigureAwait(false);
            await using var server = new ApiServerHost(Settings(options, pki) with { RenderMetrics = metrics.Render }, store, time, loggers);
            await server.StartAsync(cancel).ConfigureAwait(false);
            ready = true;
            try
            {
                await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            finally
            {
                ready = false;
                await server.StopAsync(CancellationToken.None).ConfigureAwait(false);
            }
        });
    }

    private static async Task<IStore> OpenStoreAsync(ServerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancel)
    {
        Directory.CreateDirectory(options.DataDirectory);
        return options.Etcd is { } etcd
            ? await EtcdStore.OpenAsync(etcd, new StoreSettings(), time, loggers.CreateLogger("Network.Store.Etcd"), cancel).ConfigureAwait(false)
            : new SqliteStore(Path.Combine(options.DataDirectory, "store.db"), new StoreSettings(), time);
    }

    private static ApiServerSettings Settings(ServerOptions options, ClusterPki pki)
    {
        return new ApiServerSettings
        {
            Listen = options.Listen,
            ListenHandle = SocketActivation.InheritedSocket(),
            ServingCertificate = pki.ApiServer([.. options.Listen.Select(endpoint => endpoint.Address), FirstServiceAddress(options.ServiceCidr)], options.ClusterDomain).Load(),
            ClientCa = X509Certificate2.CreateFromPem(pki.AuthorityCertificate),
            ServiceAccountKey = Key(pki.ServiceAccountKeyFile),
            ServiceCidr = options.ServiceCidr,
            // Pods cannot reach the server's loopback, so such an address is no endpoint of service default/kubernetes.
            Advertise = IPAddress.IsLoopback(Reachable(options).Address) ? null : Reachable(options),
            Audit = options.AuditPolicy is { } policy ? (File.ReadAllText(policy), options.AuditLog ?? Path.Combine(options.DataDirectory, "audit.log")) : null,
            StorageBytes = () => new DirectoryInfo(options.DataDirectory).EnumerateFiles("store.db*").Sum(file => file.Length),
            KubeletClientCertificate = pki.KubeletClient().Load(),
        };
    }

    private static ECDsa Key(string file)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(file));
        return key;
    }

    private static Part Scheduler(ApiClient client, TimeProvider time, ILoggerFactory loggers)
    {
        var service = new SchedulerService(client, time, loggers);
        return new Part("scheduler", () => service.IsReady, service.RunAsync);
    }

    private static Part Controllers(ApiClient client, ControllerSettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        var service = new ControllersService(client, settings, time, loggers);
        return new Part("controllers", () => service.IsReady, service.RunAsync);
    }

    private static ApiEndpoint Identity(Uri server, ClusterPki pki, string file, string user, params string[] groups) => new(server)
    {
        Authorities = [X509Certificate2.CreateFromPem(pki.AuthorityCertificate)],
        ClientCertificate = pki.Client(file, user, groups).Load(),
        Component = $"podnet-{file}",
    };

    // A wildcard address is where we listen, not where anybody can go.
    private static IPEndPoint Reachable(ServerOptions options)
    {
        var first = options.Listen.FirstOrDefault(endpoint => !endpoint.Address.Equals(IPAddress.Any)) ?? options.Listen[0];
        return first.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, first.Port) : first;
    }

    private static IPAddress FirstServiceAddress(IPNetwork cidr)
    {
        var bytes = cidr.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes);
    }
}
