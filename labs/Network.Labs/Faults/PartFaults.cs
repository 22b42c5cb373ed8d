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

/// <summary>A part is started again with another setting than the others have.</summary>
internal sealed class PartSetting(string name, string part, string option, string summary, Func<FaultSite, string?> proof) : IFault
{
    public string Name => name;

    public string Summary => summary;

    public string Takes => $"on: the machine; value: of {option}";

    public async Task<JsonObject> InjectAsync(FaultSite site, CancellationToken cancel)
    {
        await RestartAsync(site, [option, site.Value], cancel).ConfigureAwait(false);
        return [];
    }

    public Task<string?> ProofAsync(FaultSite site, CancellationToken cancel) => Task.FromResult(proof(site));

    public Task ClearAsync(FaultSite site, JsonObject memory, CancellationToken cancel) => RestartAsync(site, [], cancel);

    private async Task RestartAsync(FaultSite site, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var process = site.Parts.ProcessOf(site.On, part);
        site.Parts.SetArguments(process, arguments);
        await site.Parts.StopAsync(process, cancel).ConfigureAwait(false);
        site.Parts.Start(process);
    }
}
