using System.Globalization;
using Microsoft.AspNetCore.Http;
using Network.Kubelet.Streaming;

namespace Network.Kubelet.Server;

/// <summary>Reads queries as lenient as clients are different: 1 or true, stdin (API) or input (kubelet).</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    internal bool Flag(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (query[name].ToString() is "1" or "true" or "True" or "TRUE" or "t")
                return true;
        }

        return false;
    }

    internal string? Text(string name) => query[name].ToString() is { Length: > 0 } text ? text : null;

    internal long? Number(string name) => long.TryParse(Text(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    internal DateTimeOffset? Time(string name) =>
        DateTimeOffset.TryParse(Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    internal IReadOnlyList<string> All(string name) => [.. query[name].Select(text => text ?? "")];

    internal StreamRequest Streams(bool tty) => new(Flag("stdin", "input"), Flag("stdout", "output"), Flag("stderr", "error"), tty);
}
