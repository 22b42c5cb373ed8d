using System.Text.Json.Nodes;
using Network.Linux;

namespace Network.Labs.Faults;

/// <summary>A kernel parameter has a wrong value. Daemons of the node that would set it right are killed first.</summary>
internal sealed class WrongSetting(string name, string key, string wrong, string summary, params string[] guards) : IFault
{
    public string Name => name;

    public string Summary => summary;

    public string Takes => "on: the machine";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        var isNode = site.Targets.Topology.Agents.Any(node => node.Name == site.On);
        foreach (var guard in isNode ? guards : [])
            await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, guard), cancel).ConfigureAwait(false);
        var before = NetNs.Run(site.NetNs, () => Sysctl.Get(key));
        NetNs.Run(site.NetNs, () => Sysctl.Set(key, wrong));
        return new JsonObject { ["before"] = before, ["guarded"] = isNode };
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel) =>
        Task.FromResult(NetNs.Run(site.NetNs, () => Sysctl.Get(key)) == wrong ? $"{key} of {site.On} is {wrong}" : null);

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        NetNs.Run(site.NetNs, () => Sysctl.Set(key, memory["before"]!.GetValue<string>()));
        foreach (var guard in memory["guarded"]!.GetValue<bool>() ? guards : [])
            site.Parts.Start(site.Parts.ProcessOf(site.On, guard));
        return Task.CompletedTask;
    }
}
