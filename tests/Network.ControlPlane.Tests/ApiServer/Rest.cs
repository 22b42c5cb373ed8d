using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Plain JSON over HTTP, as a foreign client would write it.</summary>
internal static class Rest
{
    public static async Task<(int Code, JsonNode Body)> SendAsync(this HttpClient client, string method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)! : new JsonObject { ["text"] = text });
    }

    public static string Revision(this JsonNode value) => (string)value["metadata"]!["resourceVersion"]!;

    public static string ConfigMap(string name, string data = "1", string labels = "{}") =>
        $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}","labels":{{{labels}}}},"data":{"v":"{{{data}}}"}}""";

    /// <summary>Reads a watch until the given number of events has come.</summary>
    public static async Task<List<JsonNode>> WatchAsync(this HttpClient client, string path, int count, Func<Task>? afterStart = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        if (afterStart is not null)
            await afterStart();
        var events = new List<JsonNode>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (events.Count < count && await reader.ReadLineAsync(patience.Token) is { } line)
            events.Add(JsonNode.Parse(line)!);
        return events;
    }
}
