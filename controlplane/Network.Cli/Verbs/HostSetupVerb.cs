using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Network.Api.Addresses;
using Network.Host.Dns.HostSetup;

namespace Network.Cli.Verbs;

/// <summary><c>podnet dns host-setup</c>: programs of the host resolve the cluster's names, through systemd-resolved.</summary>
internal static class HostSetupVerb
{
    private const string Service = "--service-cidr";
    private const string Cluster = "--cluster-cidr";

    private static readonly Option<string?> s_link = Options.Text("--link", "link the cluster's DNS servers are reached by (default: that of the narrowest route to the first server; on a node the cluster's bridge)");
    private static readonly Option<IPEndPoint[]> s_servers = Servers();
    private static readonly Option<string> s_zone = Options.Text("--zone", "domain of cluster names", "cluster.local");
    private static readonly Option<IPNetwork[]> s_services = Ranges(Service, "addresses of services, whose names the cluster knows", "10.96.0.0/16");
    private static readonly Option<IPNetwork[]> s_pods = Ranges(Cluster, "addresses of pods, whose names the cluster knows", "10.244.0.0/16");
    private static readonly Option<string?> s_bus = Options.Text("--bus", "D-Bus address of the system bus (default: the environment's, else the usual socket)");
    private static readonly Option<bool> s_revert = new("--revert") { Description = "take back what a run left that was killed, and end" };
    private static readonly Option<bool> s_dryRun = new("--dry-run") { Description = "say what would be set, and end" };
    private static readonly Option<string> s_output = Output();

    internal static Command Create()
    {
        var command = new Command("host-setup", """
            let programs of this host resolve the cluster's names: systemd-resolved asks the cluster's DNS servers for them, and nobody else for them.
            Stays in the foreground and holds the settings, over restarts of systemd-resolved and returns of the link too; takes them back when it ends.

            Examples:
              podnet dns host-setup
              podnet dns host-setup --link eth1 --server 192.0.2.10 --server 192.0.2.11
              podnet dns host-setup --dry-run -o json
              podnet dns host-setup --revert
            """) { s_link, s_servers, s_zone, s_services, s_pods, s_bus, s_revert, s_dryRun, s_output };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var asJson = parsed.GetValue(s_output) == "json";
        var resolver = new HostResolver(new HostSetupOptions
        {
            Link = parsed.GetValue(s_link),
            Servers = parsed.GetValue(s_servers)!,
            Zone = parsed.GetValue(s_zone)!.Trim('.').ToLowerInvariant(),
            Services = parsed.GetValue(s_services)!,
            Pods = parsed.GetValue(s_pods)!,
            Bus = parsed.GetValue(s_bus),
        }, TimeProvider.System, report => Show(report, asJson));
        if (parsed.GetValue(s_revert))
        {
            if (await resolver.RevertAsync().ConfigureAwait(false) == 0 && !asJson)
                Console.WriteLine("nothing to take back");
        }
        else if (parsed.GetValue(s_dryRun))
        {
            await resolver.PlanAsync().ConfigureAwait(false);
        }
        else
        {
            await resolver.HoldAsync(cancel).ConfigureAwait(false);
        }

        return 0;
    }

    private static void Show(HostSetupReport report, bool asJson)
    {
        if (asJson)
        {
            Console.WriteLine(Json(report).ToJsonString());
            return;
        }

        var reverse = report.Domains.Count - 1;
        var link = report.Index == 0 ? report.Link : $"{report.Link} (#{report.Index})";
        switch (report.Event)
        {
            case HostSetupEvent.Planned or HostSetupEvent.Set:
                Console.WriteLine($"{link}: {report.Domains[0].TrimStart('~')} and {reverse} reverse zones {(report.Event == HostSetupEvent.Set ? "are" : "would be")} asked of {string.Join(", ", report.Servers)}");
                break;
            case HostSetupEvent.Reverted:
                Console.WriteLine($"{link}: reverted");
                break;
            default:
                break;
        }

        foreach (var change in report.Changes)
            Console.WriteLine($"  {change}");
        foreach (var warning in report.Warnings)
            Console.Error.WriteLine(report.Event == HostSetupEvent.Waiting ? $"waiting: {warning}" : $"warning: {warning}");
    }

    // One line each, so that a reader need not find where an object ends.
    private static JsonObject Json(HostSetupReport report) => new()
    {
        ["event"] = report.Event.ToString().ToLowerInvariant(),
        ["link"] = report.Link,
        ["index"] = report.Index,
        ["servers"] = Array(report.Servers),
        ["domains"] = Array(report.Domains),
        ["changes"] = Array(report.Changes),
        ["warnings"] = Array(report.Warnings),
    };

    private static JsonArray Array(IReadOnlyList<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static Option<string> Output()
    {
        var output = new Option<string>("--output", "-o") { Description = "text, or json: one object a line", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        return output;
    }

    private static Option<IPEndPoint[]> Servers() => new("--server")
    {
        Description = "a DNS server of the cluster, the preferred one first; with several the others are asked while it does not answer",
        DefaultValueFactory = _ => [new IPEndPoint(IPAddress.Parse("10.96.0.10"), 53)],
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result =>
        {
            var servers = new List<IPEndPoint>();
            foreach (var token in result.Tokens)
            {
                // Without a port the parser says 0.
                if (IPEndPoint.TryParse(token.Value, out var server))
                    servers.Add(server.Port == 0 ? new IPEndPoint(server.Address, 53) : server);
                else
                    result.AddError($"--server \"{token.Value}\" is not an address; write 10.96.0.10, 10.96.0.10:5353 or [fd00::a]:5353");
            }

            return [.. servers];
        },
    };

    private static Option<IPNetwork[]> Ranges(string name, string description, string byDefault) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => [IPNetwork.Parse(byDefault)],
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result =>
        {
            var ranges = new List<IPNetwork>();
            foreach (var token in result.Tokens)
            {
                if (IpRange.TryParse(token.Value, out var range))
                    ranges.Add(range);
                else
                    result.AddError($"{name} \"{token.Value}\" is not a range; write address/prefix with the host bits zero, such as {byDefault}");
            }

            return [.. ranges];
        },
    };
}
