using System.Text.Json.Nodes;
using Network.Labs.Cluster;

namespace Network.Labs.Faults;

/// <summary>A process is killed and stays away.</summary>
internal sealed class PartDown(string part, string effect) : IFault
{
    public string Name => $"{part}-down";

    public string Summary => $"the {part} is killed: {effect}";

    public string Takes => "on: the machine";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        await site.Parts.StopAsync(site.Parts.ProcessOf(site.On, part), cancel).ConfigureAwait(false);
        return [];
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel) =>
        Task.FromResult(LabParts.Of(site.Paths).FirstOrDefault(known => known is { Running: false } && known.Machine == site.On && (known.Component == part || known.Component is "agent" or "server"))?.Evidence);

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel)
    {
        site.Parts.Start(site.Parts.ProcessOf(site.On, part));
        return Task.CompletedTask;
    }
}
