using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace Network.Kubelet.Probes;

/// <summary>One attempt of a probe: success, or why not in the words of the reference.</summary>
internal readonly record struct ProbeResult(bool Success, string Message)
{
    internal static readonly ProbeResult Passed = new(true, "");
}

/// <summary>Carries out probes and hooks: exec in the container, TCP and HTTP from the node to the pod address.</summary>
internal static class Prober
{
    private const int ShownBody = 10 * 1024;
    private static readonly HttpClient s_http = NewClient(followRedirects: true);

    internal static async Task<ProbeResult> TryAsync(V1Probe probe, ProbeTarget target, CancellationToken cancel)
    {
        var timeout = TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1);
        try
        {
            if (probe.Exec is { } exec)
                return await ExecAsync([.. exec.Command], target, timeout, cancel).ConfigureAwait(false);
            if (probe.HttpGet is { } http)
                return await HttpAsync(http, target, timeout, cancel).ConfigureAwait(false);
            if (probe.TcpSocket is { } tcp)
                return await TcpAsync(tcp, target, timeout, cancel).ConfigureAwait(false);
            return probe.Grpc is null ? ProbeResult.Passed : new ProbeResult(false, "grpc probes are not supported; use httpGet, tcpSocket or exec");
        }
        catch (InvalidDataException e)
        {
            return new ProbeResult(false, e.Message);
        }
    }

    /// <summary>A lifecycle hook; null when it worked.</summary>
    internal static async Task<string?> HookAsync(V1LifecycleHandler hook, ProbeTarget target, TimeSpan timeout, CancellationToken cancel)
    {
        if (hook.Sleep is { } sleep)
        {
            await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }

        var result = hook.Exec is { } exec ? await ExecAsync([.. exec.Command], target, timeout, cancel).ConfigureAwait(false)
            : hook.HttpGet is { } http ? await HttpAsync(http, target, timeout, cancel).ConfigureAwait(false)
            : ProbeResult.Passed;
        return result.Success ? null : result.Message;
    }

    private static async Task<ProbeResult> ExecAsync(IReadOnlyList<string> command, ProbeTarget target, TimeSpan timeout, CancellationToken cancel)
    {
        try
        {
            var (code, output) = await target.Exec(command, timeout, cancel).ConfigureAwait(false);
            return code == 0 ? ProbeResult.Passed : new ProbeResult(false, output);
        }
        catch (TimeoutException)
        {
            return new ProbeResult(false, $"command timed out: \"{string.Join(' ', command)}\" timed out after {timeout.TotalSeconds:0.#}s");
        }
    }

    private static async Task<ProbeResult> TcpAsync(V1TCPSocketAction action, ProbeTarget target, TimeSpan timeout, CancellationToken cancel)
    {
        var host = string.IsNullOrEmpty(action.Host) ? target.Address : action.Host;
        var port = target.Port(action.Port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, limit.Token).ConfigureAwait(false);
            return ProbeResult.Passed;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            var why = e is SocketException refused ? $"connect: {refused.Message.ToLowerInvariant()}" : "i/o timeout";
            return new ProbeResult(false, $"dial tcp {host}:{port}: {why}");
        }
    }

    private static async Task<ProbeResult> HttpAsync(V1HTTPGetAction action, ProbeTarget target, TimeSpan timeout, CancellationToken cancel)
    {
        var host = string.IsNullOrEmpty(action.Host) ? target.Address : action.Host;
        var scheme = (action.Scheme ?? "HTTP").ToLowerInvariant();
        var path = string.IsNullOrEmpty(action.Path) ? "/" : action.Path.StartsWith('/') ? action.Path : "/" + action.Path;
        var url = $"{scheme}://{(host.Contains(':') ? $"[{host}]" : host)}:{target.Port(action.Port)}{path}";
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.36");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        request.Headers.ConnectionClose = true;
        foreach (var header in action.HttpHeaders ?? [])
        {
            request.Headers.Remove(header.Name);
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            using var response = await s_http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (response.StatusCode is >= HttpStatusCode.OK and < HttpStatusCode.BadRequest)
                return ProbeResult.Passed;
            var body = await response.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
            return new ProbeResult(false, $"HTTP probe failed with statuscode: {(int)response.StatusCode}{(body.Length > ShownBody ? " " + body[..ShownBody] : "")}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ProbeResult(false, $"Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (HttpRequestException e)
        {
            return new ProbeResult(false, $"Get \"{url}\": {e.InnerException?.Message ?? e.Message}");
        }
    }

    // No proxy, no certificate check: the kubelet talks to a pod of its own node.
    private static HttpClient NewClient(bool followRedirects) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = followRedirects,
        MaxAutomaticRedirections = 10,
        PooledConnectionLifetime = TimeSpan.Zero,
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    })
    { Timeout = Timeout.InfiniteTimeSpan };
}
