using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Network.Host.Overlay;
using Network.Host.Roles;
using Network.Overlay;

namespace Network.Cli.Verbs;

/// <summary><c>podnet overlay</c>: without a further word the daemon itself, else a question to the one that runs.</summary>
internal static class OverlayVerb
{
    internal static Command Create()
    {
        var command = AgentVerbs.Part("overlay", "program this node's part of the overlay; status, peers, audit, repair and cleanup look after it",
            "podnet overlay --node w1 --kubeconfig ./kubeconfig\n  podnet overlay --node w1 --network ./blue.json\n  podnet overlay peers --data-dir /var/lib/podnet/node");
        command.Subcommands.Add(Ask("status", "what the node's overlay is and whether it is whole", HttpMethod.Get, "/status", OverlayTables.Status));
        command.Subcommands.Add(Ask("peers", "every other node: by which way, and what its probes say", HttpMethod.Get, "/status", OverlayTables.Peers));
        command.Subcommands.Add(Ask("audit", "compare the kernel with what it should hold and change nothing; exit code 1 when they differ", HttpMethod.Get, "/audit", OverlayTables.Audit));
        command.Subcommands.Add(Ask("repair", "compare everything now and repair what differs", HttpMethod.Post, "/repair", OverlayTables.Repair));
        command.Subcommands.Add(Cleanup());
        return command;
    }

    private static Option<string> DataDirectory() => Options.Text("--data-dir", "the node's state", "/var/lib/podnet/node");

    private static Command Ask(string name, string description, HttpMethod method, string path, Func<JsonArray, int> show)
    {
        var data = DataDirectory();
        var output = new Option<string>("--output", "-o") { Description = "table, json or yaml", DefaultValueFactory = _ => "table" };
        output.AcceptOnlyFromAmong("table", "json", "yaml");
        var command = new Command(name, $"{description}\n\nExamples:\n  podnet overlay {name}\n  podnet overlay {name} --data-dir /var/lib/podnet/node -o json") { data, output };
        command.SetAction(async (parsed, cancel) =>
        {
            var answer = await OverlayClient.AskAsync(Path.Combine(parsed.GetValue(data)!, OverlayClient.SocketName), method, path, cancel).ConfigureAwait(false);
            switch (parsed.GetValue(output))
            {
                case "json":
                    Console.WriteLine(answer.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
                    return OverlayTables.ExitCode(answer);
                case "yaml":
                    Console.Write(OverlayYaml.Of(answer));
                    return OverlayTables.ExitCode(answer);
                default:
                    return show(answer);
            }
        });
        return command;
    }

    private static Command Cleanup()
    {
        var node = Options.Text("--node", "this node's name", Environment.MachineName.ToLowerInvariant());
        var data = DataDirectory();
        var backend = OverlayOptionSet.Backend();
        var cluster = Options.Range("--cluster-cidr", "addresses of all pods", "10.244.0.0/16");
        var clusterV6 = Options.Text("--cluster-cidr-v6", "IPv6 addresses of all pods");
        var networks = OverlayOptionSet.Networks();
        var subnet = Options.Text("--subnet-file", "the subnet.env that was left");
        var kubeconfig = Options.Text("--kubeconfig", "how to reach the API server, to take back the node's annotations too");
        var command = new Command("cleanup", """
            remove devices, routes, rules and files that the overlay left, and the node's annotations; it must not be running

            Examples:
              podnet overlay cleanup --node w1 --kubeconfig ./kubeconfig
              podnet overlay cleanup --node w1 --network ./blue.json --subnet-file /run/flannel/subnet.env
            """) { node, data, backend, cluster, clusterV6, networks, subnet, kubeconfig };
        command.SetAction(async (parsed, cancel) =>
        {
            BackendNames.TryParse(parsed.GetValue(backend), out var kind);
            await OverlayCleanup.RunAsync(new AgentOptions
            {
                Node = parsed.GetValue(node)!,
                DataDirectory = parsed.GetValue(data)!,
                Kubeconfig = parsed.GetValue(kubeconfig),
                ClusterCidr = parsed.GetValue(cluster),
                Overlay = new OverlayOptions
                {
                    Backend = kind,
                    ClusterCidrV6 = parsed.GetValue(clusterV6) is { } text ? IPNetwork.Parse(text) : null,
                    Networks = parsed.GetValue(networks)!,
                    SubnetFile = parsed.GetValue(subnet),
                },
            }, cancel).ConfigureAwait(false);
            return 0;
        });
        return command;
    }
}
