using System.CommandLine;
using System.Net;
using Network.Host.Roles;

namespace Network.Cli.Verbs;

/// <summary>The control plane, whole or part by part.</summary>
internal static class ServerVerbs
{
    internal static Command Server() => Create("server", "run the control plane: API server, store, scheduler and controllers",
        "podnet server --data-dir ./server --listen 10.0.0.1:6443\n  podnet server --etcd http://127.0.0.1:2379", ServerRole.RunAsync, needsKubeconfig: false);

    internal static Command ApiServer() => Create("apiserver", "run the API server with its store",
        "podnet apiserver --data-dir ./server --listen 127.0.0.1:6443", ServerRole.RunApiServerAsync, needsKubeconfig: false);

    internal static Command Scheduler() => Create("scheduler", "bind pods to nodes",
        "podnet scheduler --kubeconfig ./server/pki/scheduler.kubeconfig", ServerRole.RunSchedulerAsync, needsKubeconfig: true);

    internal static Command Controllers() => Create("controllers", "run the controllers",
        "podnet controllers --kubeconfig ./server/pki/controllers.kubeconfig --root-ca ./server/pki/ca.crt", ServerRole.RunControllersAsync, needsKubeconfig: true);

    private static Command Create(string name, string description, string example, Func<ServerOptions, CancellationToken, Task> run, bool needsKubeconfig)
    {
        var data = Options.Text("--data-dir", "where the store keeps its file", "/var/lib/podnet/server");
        var pki = Options.Text("--pki-dir", "certificates; what is missing is made (default: pki below --data-dir)");
        var listen = new Option<IPEndPoint[]>("--listen")
        {
            Description = "address:port to serve on; may be repeated",
            DefaultValueFactory = _ => [new IPEndPoint(IPAddress.Loopback, 6443)],
            CustomParser = result => result.Tokens.Select(token => IPEndPoint.Parse(token.Value)).ToArray(),
        };
        var etcd = new EtcdOptionSet();
        var services = Options.Range("--service-cidr", "addresses of services", "10.96.0.0/16");
        var pods = Options.Range("--cluster-cidr", "addresses of pods", "10.244.0.0/16");
        var pool = Pool();
        var kubeconfig = Options.Text("--kubeconfig", "how to reach the API server");
        kubeconfig.Required = needsKubeconfig;
        var root = Options.Text("--root-ca", "authority that pods trust the API server by (PEM file)");
        root.Required = name == "controllers";
        var signer = Options.Text("--signing-key", "key of --root-ca, to sign certificate requests with (PEM file)");
        var accounts = Options.Text("--service-account-key", "signs tokens for Secrets of type kubernetes.io/service-account-token (PEM file)");
        var policy = Options.Text("--audit-policy-file", "what the audit log keeps (audit.k8s.io/v1 Policy); without it none is kept");
        var audit = Options.Text("--audit-log-path", "where audit events go as JSON lines (default: audit.log below --data-dir)");
        var health = Options.Number("--health-port", "loopback port of /healthz, /readyz and /metrics; 0 for none", HealthPorts.Of(name));
        var command = new Command(name, $"{description}\n\nExample:\n  {example}") { health };
        Option[] own = needsKubeconfig ? [kubeconfig] : [data, pki, listen, services, policy, audit, .. etcd.All];
        foreach (var option in own)
            command.Options.Add(option);
        Option[] others = name == "controllers" ? [pods, pool, root, signer, accounts] : name == "server" ? [pods, pool] : [];
        foreach (var option in others)
            command.Options.Add(option);

        command.SetAction(async (parsed, cancel) =>
        {
            var directory = needsKubeconfig ? "" : parsed.GetValue(data)!;
            await run(new ServerOptions
            {
                DataDirectory = directory,
                PkiDirectory = needsKubeconfig ? "" : parsed.GetValue(pki) ?? Path.Combine(directory, "pki"),
                Etcd = needsKubeconfig ? null : etcd.Read(parsed),
                Listen = needsKubeconfig ? [] : parsed.GetValue(listen)!,
                ServiceCidr = needsKubeconfig ? default : parsed.GetValue(services),
                ClusterCidr = name is "server" or "controllers" ? parsed.GetValue(pods) : default,
                LoadBalancerPool = name is "server" or "controllers" ? parsed.GetValue(pool)! : [],
                AuditPolicy = needsKubeconfig ? null : parsed.GetValue(policy),
                AuditLog = needsKubeconfig ? null : parsed.GetValue(audit),
                Kubeconfig = needsKubeconfig ? parsed.GetValue(kubeconfig) : null,
                RootAuthority = name == "controllers" ? parsed.GetValue(root) : null,
                SigningKey = name == "controllers" ? parsed.GetValue(signer) : null,
                ServiceAccountKey = name == "controllers" ? parsed.GetValue(accounts) : null,
                HealthPort = parsed.GetValue(health),
            }, cancel).ConfigureAwait(false);
            return 0;
        });
        return command;
    }

    private static Option<string[]> Pool() => new("--load-balancer-pool")
    {
        Description = "addresses for services of type LoadBalancer: first-last, address/prefix or one; may be repeated",
        DefaultValueFactory = _ => [],
    };
}
