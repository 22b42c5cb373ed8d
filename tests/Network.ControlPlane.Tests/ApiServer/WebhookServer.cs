using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Pki;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>A webhook on loopback with an authority of its own; it shares no HTTP code with the product. What it is asked is kept, how it answers is set.</summary>
internal sealed class WebhookServer : IAsyncDisposable
{
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("hook-ca", TimeProvider.System);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Task _loop;

    public WebhookServer(params string[] names)
    {
        _certificate = _authority.Issue(new CertificateRequestSpec("hook") { Server = true, AlternativeNames = names.Length > 0 ? names : ["127.0.0.1"] }).Load();
        _listener.Start();
        _loop = AcceptAsync();
    }

    /// <summary>The response to a question; the uid is filled in when it has none. Null never answers.</summary>
    public Func<JsonNode, JsonObject?> Answer { get; set; } = _ => new JsonObject { ["allowed"] = true };

    /// <summary>Whole HTTP answers instead of reviews: code and body.</summary>
    public Func<(int Code, string Body)>? Raw { get; set; }

    public ConcurrentQueue<JsonNode> Asked { get; } = [];

    public ConcurrentQueue<string> Paths { get; } = [];

    public int Connections => _serving.Count;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"https://127.0.0.1:{Port}/review";

    public string CaBundle => Convert.ToBase64String(Encoding.UTF8.GetBytes(_authority.Pem.Certificate));

    /// <summary>A patch as a webhook sends it.</summary>
    public static JsonObject Patch(string operations) => new()
    {
        ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(operations)),
    };

    public static JsonObject Deny(string message, int code = 0)
    {
        var status = new JsonObject { ["message"] = message };
        if (code > 0)
            status["code"] = code;
        return new JsonObject { ["allowed"] = false, ["status"] = status };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        await Task.WhenAll(_serving);
        _authority.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            while (await ReadAsync(tls) is { } question)
                await AnswerAsync(tls, question);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The client hung up, did not trust us, or the test is over.
        }
    }

    private async Task<JsonNode?> ReadAsync(Stream stream)
    {
        var head = "";
        var one = new byte[1];
        while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
                return null;
            head += (char)one[0];
        }

        Paths.Enqueue(head.Split(' ')[1]);
        var length = head.Split("\r\n").First(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))[16..];
        var body = new byte[int.Parse(length)];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return JsonNode.Parse(body)!;
    }

    private async Task AnswerAsync(Stream stream, JsonNode question)
    {
        Asked.Enqueue(question["request"]!);
        var (code, body) = Raw?.Invoke() ?? (200, Review(question["request"]!)!);
        if (body is null)
            await Task.Delay(Timeout.Infinite, _stop.Token);
        var bytes = Encoding.UTF8.GetBytes(body!);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n"), _stop.Token);
        await stream.WriteAsync(bytes, _stop.Token);
    }

    private string? Review(JsonNode request)
    {
        if (Answer(request) is not { } response)
            return null;
        response.TryAdd("uid", request["uid"]!.DeepClone());
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["response"] = response }.ToJsonString();
    }
}
