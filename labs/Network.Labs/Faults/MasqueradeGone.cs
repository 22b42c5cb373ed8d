using System.Text.Json.Nodes;
using Network.Linux;

namespace Network.Labs.Faults;

/// <summary>The rule that hides pods behind their node is gone.</summary>
internal sealed class MasqueradeGone : IFault
{
    private static readonly string[] s_jump = ["-t", "nat", "-D", "POSTROUTING"];

    public string Name => "masquerade-missing";

    public string Summary => "pods leave the cluster with their own address, which nobody outside can answer";

    public string Takes => "on: the node";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, "overlay"), cancel).ConfigureAwait(false);
        foreach (var jump in await JumpsAsync(site, cancel).ConfigureAwait(false))
            (await Command.RunAsync(new ChildSpec("iptables", [.. s_jump, .. Words(jump)[2..]]) { NetNs = site.NetNs }, cancel: cancel).ConfigureAwait(false)).OrThrow("remove the jump to PODNET-POSTRTG");
        return [];
    }

    public async Task<string?> ProofAsync(FaultSite site, CancellationToken cancel) =>
        (await JumpsAsync(site, cancel).ConfigureAwait(false)).Count == 0 ? $"iptables-save -t nat of {site.On} has no jump to PODNET-POSTRTG" : null;

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        site.Parts.Start(site.Parts.ProcessOf(site.On, "overlay"));
        return Task.CompletedTask;
    }

    // A comment of several words stands in quotes.
    private static List<string> Words(string rule) => rule.Split('"').SelectMany((part, number) => number % 2 == 1 ? [part] : part.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();

    private static async Task<List<string>> JumpsAsync(FaultSite site, CancellationToken cancel) =>
        (await Command.RunAsync(new ChildSpec("iptables-save", ["-t", "nat"]) { NetNs = site.NetNs }, cancel: cancel).ConfigureAwait(false)).OrThrow("iptables-save").Output
        .Split('\n').Where(line => line.StartsWith("-A POSTROUTING ", StringComparison.Ordinal) && line.Contains("PODNET-POSTRTG", StringComparison.Ordinal)).ToList();
}
