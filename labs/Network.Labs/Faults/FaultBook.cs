using System.Text.Json.Nodes;
using Network.Labs.Cluster;
using Network.Linux;

namespace Network.Labs.Faults;

/// <summary>A fault that is in a cluster.</summary>
public sealed record InjectedFault(string Id, IFault Fault, FaultSite Site, JsonObject Memory);

/// <summary>
/// Puts faults into a cluster and takes them out. What is needed to mend a fault is on disk before anybody is told that it is in,
/// so that one command can mend what another broke.
/// </summary>
public sealed class FaultBook(ClusterPaths paths)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);
    private readonly string _file = Path.Combine(paths.Directory, "faults.json");

    public IReadOnlyList<InjectedFault> Injected => Read().Select(entry => new InjectedFault(Text(entry, "id"), FaultList.Find(Text(entry, "fault")),
        new FaultSite(paths, Text(entry, "on"), Text(entry, "peer"), Text(entry, "value")), entry["memory"]!.AsObject())).ToList();

    /// <summary>Breaks it and waits until that shows.</summary>
    /// <returns>The fault's number, and what shows it.</returns>
    public async Task<(string Id, string Proof)> InjectAsync(IFault fault, FaultSite site, CancellationToken cancel)
    {
        var memory = await fault.InjectAsync(site, cancel).ConfigureAwait(false);
        var entries = Read();
        var id = $"f{entries.Select(entry => int.Parse(Text(entry, "id")[1..], System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty().Max() + 1}";
        entries.Add(new JsonObject { ["id"] = id, ["fault"] = fault.Name, ["on"] = site.On, ["peer"] = site.Peer, ["value"] = site.Value, ["memory"] = memory });
        Write(entries);
        var until = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await fault.ProofAsync(site, cancel).ConfigureAwait(false) is { } proof)
                return (id, proof);
            if (TimeProvider.System.GetElapsedTime(until) > s_patience)
                throw new ClusterException($"fault {fault.Name} on {site.On} did not take effect within {s_patience.TotalSeconds:0} s; podnet lab fault clear {id} takes it back");
            await Task.Delay(20, cancel).ConfigureAwait(false);
        }
    }

    public async Task ClearAsync(InjectedFault injected, CancellationToken cancel)
    {
        await injected.Fault.ClearAsync(injected.Site, injected.Memory, cancel).ConfigureAwait(false);
        Write(Read().Where(entry => Text(entry, "id") != injected.Id).ToList());
    }

    private List<JsonObject> Read() => File.Exists(_file) ? JsonNode.Parse(File.ReadAllText(_file))!.AsArray().Select(entry => entry!.AsObject()).ToList() : [];

    private void Write(IEnumerable<JsonObject> entries)
    {
        AtomicFile.Write(_file, new JsonArray(entries.Select(entry => (JsonNode)entry.DeepClone()).ToArray()).ToJsonString());
    }

    private static string Text(JsonObject entry, string key) => entry[key]!.GetValue<string>();
}
