using System.Text.Json.Nodes;

namespace Network.Labs.Faults;

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
