using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Network.Kubelet.Streaming.Spdy;
using Network.Linux;

namespace Network.Kubelet.Streaming;

/// <summary>Carries connections of port-forward to loopback inside the pod's network namespace.</summary>
internal sealed class PortForwardRelay(string podName, string? netNs)
{
    private const string Protocol = "portforward.k8s.io", Tunnel = "SPDY/3.1+portforward.k8s.io";

    internal async Task RunAsync(HttpContext http)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            if (await StreamUpgrade.UpgradeAsync(http, [Protocol]).ConfigureAwait(false) is { } upgraded)
                await ServeAsync(upgraded.Transport, http.RequestAborted).ConfigureAwait(false);
            return;
        }

        var offered = http.WebSockets.WebSocketRequestedProtocols;
        if (offered.Contains(Tunnel))
        {
            using var tunnel = await StreamUpgrade.AcceptWebSocketAsync(http, Tunnel).ConfigureAwait(false);
            await ServeAsync(new WebSocketByteStream(tunnel), http.RequestAborted).ConfigureAwait(false);
            return;
        }

        var chosen = offered.FirstOrDefault(name => name is "v4.channel.k8s.io" or "portforward.k8s.io");
        using var socket = await http.WebSockets.AcceptWebSocketAsync(chosen).ConfigureAwait(false);
        int[] ports = [.. http.Request.Query["ports"].Concat(http.Request.Query["port"]).SelectMany(text => (text ?? "").Split(',')).Select(text => int.TryParse(text, out var port) ? port : 0)];
        await new WebSocketPortForward(socket, ports, ConnectAsync, Refusal).RunAsync(http.RequestAborted).ConfigureAwait(false);
    }

    private async Task ServeAsync(Stream transport, CancellationToken cancel)
    {
        using var connection = new SpdyConnection(transport);
        var running = connection.RunAsync(cancel);
        var errors = new Dictionary<string, SpdyStream>();
        await foreach (var stream in connection.Opened.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var request = stream.Headers.GetValueOrDefault("requestid", "");
            if (stream.Headers.GetValueOrDefault("streamtype") == "error")
                errors[request] = stream;
            else if (errors.Remove(request, out var error))
                _ = ForwardAsync(stream, error, cancel);
        }

        await running.ConfigureAwait(false);
    }

    private async Task ForwardAsync(SpdyStream data, SpdyStream error, CancellationToken cancel)
    {
        var port = int.TryParse(data.Headers.GetValueOrDefault("port"), out var number) ? number : 0;
        try
        {
            using var socket = await ConnectAsync(port, cancel).ConfigureAwait(false);
            var up = SendAsync(data.Input, socket);
            var buffer = new byte[32 * 1024];
            int count;
            while ((count = await socket.ReceiveAsync(buffer.AsMemory(), cancel).ConfigureAwait(false)) > 0)
                await data.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
            await data.EndAsync(cancel).ConfigureAwait(false);
            await error.EndAsync(cancel).ConfigureAwait(false);
            await up.WaitAsync(TimeSpan.FromSeconds(1), cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            if (cancel.IsCancellationRequested)
                return;
            try
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes(Refusal(port, e)), cancel).ConfigureAwait(false);
                await error.EndAsync(cancel).ConfigureAwait(false);
                await data.EndAsync(cancel).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The client is gone as well.
            }
        }
    }

    private string Refusal(int port, Exception e) =>
        $"error forwarding port {port} to pod {podName}: failed to connect to localhost:{port} inside namespace: {e.Message}";

    internal static async Task SendAsync(ChannelReader<ReadOnlyMemory<byte>> input, Socket socket)
    {
        try
        {
            await foreach (var bytes in input.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                for (var rest = bytes; !rest.IsEmpty;)
                    rest = rest[await socket.SendAsync(rest).ConfigureAwait(false)..];
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other direction sees the same end and tells it.
        }
    }

    // A socket belongs to the namespace it was made in, so only its making needs a thread inside.
    internal async Task<Socket> ConnectAsync(int port, CancellationToken cancel)
    {
        SocketException? first = null;
        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            Socket New() => new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            var socket = netNs is null ? New() : NetNs.Run(netNs, New);
            try
            {
                await socket.ConnectAsync(address, port, cancel).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException e)
            {
                socket.Dispose();
                first ??= e;
            }
        }

        throw first!;
    }
}
