using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.Linux;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>
/// The least API server kubectl accepts: discovery of pods, one pod, and for its streams a plain pipe of bytes to the kubelet.
/// So the real kubectl is the foreign oracle of the kubelet's streaming without any API server of ours.
/// </summary>
internal sealed class KubectlFront : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly StandaloneKubelet _kubelet;
    private readonly string _pod;
    private readonly string _kubeconfig;

    internal KubectlFront(StandaloneKubelet kubelet, string pod)
    {
        _kubelet = kubelet;
        _pod = pod;
        _listener.Start();
        _kubeconfig = Path.Combine(kubelet.Settings.DataDirectory, "kubeconfig");
        File.WriteAllText(_kubeconfig, $$"""
            apiVersion: v1
            kind: Config
            current-context: t
            clusters: [{name: t, cluster: {server: "http://127.0.0.1:{{((IPEndPoint)_listener.LocalEndpoint).Port}}"} }]
            contexts: [{name: t, context: {cluster: t, user: t, namespace: default} }]
            users: [{name: t, user: {} }]
            """);
        _ = AcceptAsync();
    }

    /// <summary>Runs kubectl; with <paramref name="spdy"/> it is told to use the older protocol.</summary>
    internal Task<CommandResult> RunAsync(bool spdy, string? input, params string[] arguments) => Command.RunAsync(Spec(spdy, arguments), input);

    internal ChildSpec Spec(bool spdy, IEnumerable<string> arguments) => new("kubectl", [.. arguments])
    {
        Environment = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
            ["HOME"] = _kubelet.Settings.DataDirectory,
            ["KUBECONFIG"] = _kubeconfig,
            ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = spdy ? "false" : "true",
            ["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = spdy ? "false" : "true",
        },
    };

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            var stream = client.GetStream();
            var head = await ReadHeadAsync(stream);
            if (head is null)
                return;
            var target = head.Split(' ')[1];
            var path = target.Split('?')[0];
            if (ToKubelet(path) is { } rewritten)
            {
                await PipeAsync(stream, head.Replace(" " + target, " " + rewritten + target[path.Length..]));
                return;
            }

            var body = await AnswerAsync(path);
            var answer = $"HTTP/1.1 {(body is null ? "404 Not Found" : "200 OK")}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body ?? "")}\r\nConnection: close\r\n\r\n{body}";
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer));
        }
    }

    private string? ToKubelet(string path)
    {
        var prefix = $"/api/v1/namespaces/default/pods/{_pod}/";
        return path.StartsWith(prefix, StringComparison.Ordinal)
            ? path[prefix.Length..] switch
            {
                "exec" => $"/exec/default/{_pod}/c",
                "attach" => $"/attach/default/{_pod}/c",
                "portforward" => $"/portForward/default/{_pod}",
                "log" => $"/containerLogs/default/{_pod}/c",
                _ => null,
            }
            : null;
    }

    private async Task<string?> AnswerAsync(string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return path switch
        {
            "/api" => """{"kind":"APIVersions","versions":["v1"]}""",
            "/apis" => """{"kind":"APIGroupList","apiVersion":"v1","groups":[]}""",
            "/api/v1" => """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list"],"shortNames":["po"]}]}""",
            _ when path.EndsWith("/pods/" + _pod, StringComparison.Ordinal) =>
                System.Text.Json.Nodes.JsonNode.Parse(await client.GetStringAsync(new Uri(_kubelet.Api, "/pods")))!["items"]![0]!.ToJsonString(),
            _ => null,
        };
    }

    private async Task PipeAsync(NetworkStream client, string head)
    {
        using var upstream = new TcpClient();
        await upstream.ConnectAsync(IPAddress.Loopback, _kubelet.Api.Port);
        var kubelet = upstream.GetStream();
        await kubelet.WriteAsync(Encoding.Latin1.GetBytes(head));
        try
        {
            await Task.WhenAny(client.CopyToAsync(kubelet), kubelet.CopyToAsync(client));
        }
        catch (IOException)
        {
            // One side hung up.
        }
    }

    private static async Task<string?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1)
        {
            head.Add(one[0]);
            if (head.Count >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n')
                return Encoding.Latin1.GetString(head.ToArray());
        }

        return null;
    }
}
