using System.Text.Json.Nodes;

namespace Network.Conformance.Clients;

/// <summary>A watch read from the official client's transport, a line an event.</summary>
internal sealed class CSharpWatch(HttpResponseMessage response, Stream stream) : IWatch
{
    private readonly StreamReader _lines = new(stream);

    public async Task<WatchedChange?> NextAsync(CancellationToken cancel) =>
        await _lines.ReadLineAsync(cancel).ConfigureAwait(false) is { } line && JsonNode.Parse(line) is { } change
            ? new WatchedChange((string)change["type"]!, change["object"]!.AsObject())
            : null;

    public ValueTask DisposeAsync()
    {
        _lines.Dispose();
        response.Dispose();
        return ValueTask.CompletedTask;
    }
}
