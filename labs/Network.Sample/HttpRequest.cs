using System.Net;

namespace Network.Sample;

/// <summary>What an answer needs of a request.</summary>
internal sealed record HttpRequest(string Path, IReadOnlyDictionary<string, string> Query, IPEndPoint Client, bool KeepAlive)
{
    /// <returns>Null when the text is no HTTP/1 request head.</returns>
    internal static HttpRequest? Parse(string head, IPEndPoint client)
    {
        var lines = head.Split("\r\n");
        var first = lines[0].Split(' ');
        if (first.Length != 3 || !first[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
            return null;
        var close = lines.Any(line => line.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase) && line.Contains("close", StringComparison.OrdinalIgnoreCase));
        var target = first[1].Split('?', 2);
        var query = new Dictionary<string, string>();
        foreach (var pair in (target.Length > 1 ? target[1] : "").Split('&', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('=', 2)))
            query[Uri.UnescapeDataString(pair[0])] = pair.Length > 1 ? Uri.UnescapeDataString(pair[1].Replace('+', ' ')) : "";
        return new HttpRequest(target[0], query, client, first[2] == "HTTP/1.1" && !close);
    }

    internal string Text(string name, string otherwise = "") => Query.GetValueOrDefault(name, otherwise);
}

/// <summary>A whole answer.</summary>
internal sealed record HttpAnswer(int Code, string Body, string Type = "text/plain; charset=utf-8");
