using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Network.Sample;

/// <summary>HTTP/1.1 on a raw socket: one request a connection unless the client keeps it open.</summary>
internal sealed class HttpServer
{
    private const int LongestHead = 16 * 1024;
    private readonly Socket _listener;
    private readonly Routes _routes;

    internal HttpServer(int port, Action<int> exit)
    {
        _routes = new Routes(exit);
        _listener = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        _listener.Listen(1024);
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    internal async Task RunAsync()
    {
        while (true)
        {
            var connection = await _listener.AcceptAsync();
            connection.NoDelay = true;
            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                var buffer = new byte[LongestHead];
                var filled = 0;
                while (await ReadHeadAsync(connection, buffer, filled) is var (head, count) && head > 0)
                {
                    var request = HttpRequest.Parse(Encoding.Latin1.GetString(buffer, 0, head), (IPEndPoint)connection.RemoteEndPoint!);
                    if (request is null)
                    {
                        await SendAsync(connection, new HttpAnswer(400, "not an HTTP/1 request"), keep: false);
                        return;
                    }

                    await SendAsync(connection, await _routes.AnswerAsync(request), request.KeepAlive);
                    if (!request.KeepAlive)
                        return;
                    filled = count - head;
                    buffer.AsSpan(head, filled).CopyTo(buffer);
                }
            }
            catch (SocketException)
            {
                // The client hung up.
            }
        }
    }

    /// <returns>Bytes of the head including its empty line, and bytes read in all; (0, 0) at the end of the connection.</returns>
    private static async Task<(int Head, int Count)> ReadHeadAsync(Socket connection, byte[] buffer, int filled)
    {
        while (true)
        {
            var end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
                return (end + 4, filled);
            if (filled == buffer.Length)
                return (0, 0);
            var count = await connection.ReceiveAsync(buffer.AsMemory(filled));
            if (count == 0)
                return (0, 0);
            filled += count;
        }
    }

    private static async Task SendAsync(Socket connection, HttpAnswer answer, bool keep)
    {
        var body = Encoding.UTF8.GetBytes(answer.Body);
        var head = $"HTTP/1.1 {answer.Code} {(answer.Code < 400 ? "OK" : "Error")}\r\nContent-Type: {answer.Type}\r\nContent-Length: {body.Length}\r\n" +
            $"Connection: {(keep ? "keep-alive" : "close")}\r\n\r\n";
        byte[] bytes = [.. Encoding.ASCII.GetBytes(head), .. body];
        for (var rest = bytes.AsMemory(); !rest.IsEmpty;)
            rest = rest[await connection.SendAsync(rest)..];
    }
}
