using System.Text.Json.Nodes;

namespace Network.Conformance.Clients;

/// <summary>A watch that a kubectl process follows, a line an event.</summary>
internal sealed class KubectlWatch(RunningKubectl running) : IWatch
{
    private int _seen;

    public async Task<WatchedChange?> NextAsync(CancellationToken cancel)
    {
        string[] lines = [];
        try
        {
            await running.UntilAsync(output => (lines = Complete(output)).Length > _seen, cancel).ConfigureAwait(false);
        }
        catch (ExpectationFailed)
        {
            return running.Error.Length == 0 ? null : throw KubectlProcess.Refusal(running.Error);
        }

        var change = JsonNode.Parse(lines[_seen++])!;
        return new WatchedChange((string)change["type"]!, change["object"]!.AsObject());
    }

    public ValueTask DisposeAsync() => running.DisposeAsync();

    private static string[] Complete(string output) => output.LastIndexOf('\n') is >= 0 and var end ? output[..end].Split('\n') : [];
}
