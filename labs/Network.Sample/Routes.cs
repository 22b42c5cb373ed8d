using System.Collections;

namespace Network.Sample;

/// <summary>The paths in one list.</summary>
internal sealed class Routes(Action<int> exit)
{
    private volatile bool _ready = true;

    internal async Task<HttpAnswer> AnswerAsync(HttpRequest request)
    {
        switch (request.Path)
        {
            case "/":
                return new HttpAnswer(200, $"NOW: {TimeProvider.System.GetUtcNow():O}\n");
            case "/hostname":
                return new HttpAnswer(200, Environment.MachineName);
            case "/clientip":
                return new HttpAnswer(200, Address.Of(request.Client));
            case "/echo":
                return new HttpAnswer(200, request.Text("msg"));
            case "/env":
                return new HttpAnswer(200, EnvironmentText());
            case "/healthz":
                return new HttpAnswer(200, "ok");
            case "/readyz":
                return _ready ? new HttpAnswer(200, "ok") : new HttpAnswer(503, "not ready");
            case "/set":
                _ready = request.Text("ready", "true") == "true";
                return new HttpAnswer(200, $"ready={(_ready ? "true" : "false")}");
            case "/exit":
                exit(int.TryParse(request.Text("code", "0"), out var code) ? code : 0);
                return new HttpAnswer(200, "exiting");
            case "/dial":
                return await DialAsync(request);
            default:
                return new HttpAnswer(404, $"no such path: {request.Path}");
        }
    }

    private static async Task<HttpAnswer> DialAsync(HttpRequest request)
    {
        if (request.Text("host").Length == 0)
            return new HttpAnswer(400, "host is missing");
        if (!int.TryParse(request.Text("port", "80"), out var port) || !int.TryParse(request.Text("tries", "1"), out var tries))
            return new HttpAnswer(400, "port and tries must be numbers");
        var dialer = new Dialer(request.Text("host"), port, request.Text("protocol", "http"), request.Text("request", "hostname"));
        return new HttpAnswer(200, (await dialer.RunAsync(Math.Clamp(tries, 1, 1000), TimeSpan.FromSeconds(2))).ToJson() + "\n", "application/json");
    }

    private static string EnvironmentText() => string.Concat(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Select(entry => $"{entry.Key}={entry.Value}\n").Order(StringComparer.Ordinal));
}
