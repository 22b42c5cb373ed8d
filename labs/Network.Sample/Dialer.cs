using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Network.Sample;

/// <summary>Asks one target several times, resolving its name anew each time, as clients of a changing service should.</summary>
internal sealed class Dialer(string host, int port, string protocol, string request)
{
    internal async Task<DialResult> RunAsync(int tries, TimeSpan timeout)
    {
        var result = new DialResult();
        for (var i = 0; i < tries; i++)
        {
            using var limit = new CancellationTokenSource(timeout);
            try
            {
                var addresses = await Dns.GetHostAddressesAsync(host, limit.Token);
                var target = new IPEndPoint(addresses[0], port);
                result.Answered(protocol == "udp" ? await UdpAsync(target, limit.Token) : await HttpAsync(target, limit.Token));
            }
            catch (SocketException e)
            {
                result.Failed($"{host}:{port}: {e.SocketErrorCode}: {e.Message}");
            }
            catch (OperationCanceledException)
            {
                result.Failed($"{host}:{port}: no answer within {timeout.TotalSeconds:0.#} s");
            }
            catch (InvalidDataException e)
            {
                result.Failed($"{host}:{port}: {e.Message}");
            }
        }

        return result;
    }

    private async Task<string> UdpAsync(IPEndPoint target, CancellationToken cancel)
    {
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(target, cancel);
        await socket.SendAsync(Encoding.UTF8.GetBytes(request), cancel);
        var buffer = new byte[64 * 1024];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer.AsMemory(), cancel));
    }

    private async Task<string> HttpAsync(IPEndPoint target, CancellationToken cancel)
    {
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(target, cancel);
        var text = $"GET /{request.TrimStart('/')} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: podnet-sample\r\nConnection: close\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), cancel);
        using var answer = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer.AsMemory(), cancel)) > 0)
            answer.Write(buffer, 0, count);
        var whole = Encoding.UTF8.GetString(answer.ToArray());
        var end = whole.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            throw new InvalidDataException("connection closed without an HTTP answer");
        var status = whole[..whole.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ');
        return status is [_, ['2', ..], ..] ? whole[(end + 4)..] : throw new InvalidDataException($"HTTP status {status.ElementAtOrDefault(1)}");
    }
}
