using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.Linux;

namespace Network.Conformance.Services;

/// <summary>What a caller got: who answered and whom it saw, or how it failed.</summary>
/// <param name="Failure">Empty, <c>REFUSED</c>, <c>SILENT</c>, or the system's word.</param>
public sealed record Answer(string Server, string Client, string Failure)
{
    public override string ToString() => Failure.Length > 0 ? Failure : $"{Server} (saw {Client})";
}

/// <summary>
/// Asks podnet-sample who it is, from any network namespace: a pod's, a node's, an outside host's. Sockets stay in the namespace they
/// were made in, so no program has to run there.
/// </summary>
public static class Caller
{
    public const string Refused = "REFUSED", Silent = "SILENT";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>One new connection, or one question from one socket.</summary>
    public static async Task<Answer> AskAsync(string netNs, IPEndPoint target, bool udp, TimeSpan? patience, CancellationToken cancel)
    {
        using var socket = Open(netNs, target.AddressFamily, udp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience ?? s_patience);
        try
        {
            await socket.ConnectAsync(target, limit.Token).ConfigureAwait(false);
            if (udp)
                return new Answer(await DatagramAsync(socket, "hostname", limit.Token).ConfigureAwait(false), HostOf(await DatagramAsync(socket, "clientip", limit.Token).ConfigureAwait(false)), "");
            return new Answer(await RequestAsync(socket, "hostname", limit.Token).ConfigureAwait(false), HostOf(await RequestAsync(socket, "clientip", limit.Token).ConfigureAwait(false)), "");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new Answer("", "", Silent);
        }
        catch (SocketException e)
        {
            return new Answer("", "", Word(e));
        }
    }

    /// <summary>A socket inside a namespace; using it needs no thread there.</summary>
    public static Socket Open(string netNs, AddressFamily family, bool udp) => NetNs.Run(netNs, () => udp
        ? new Socket(family, SocketType.Dgram, ProtocolType.Udp)
        : new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });

    /// <summary>Sends one datagram and waits for its answer.</summary>
    public static async Task<string> DatagramAsync(Socket socket, string text, CancellationToken cancel)
    {
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(text), cancel).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            // The node's own programs are told at once that rules stopped the packet; whether it was refused comes after.
        }

        var buffer = new byte[2048];
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer.AsMemory(), cancel).ConfigureAwait(false));
    }

    /// <summary>One request on an open connection, which stays open.</summary>
    public static async Task<string> RequestAsync(Socket socket, string path, CancellationToken cancel)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /{path} HTTP/1.1\r\nHost: service\r\n\r\n"), cancel).ConfigureAwait(false);
        var buffer = new byte[4096];
        var filled = 0;
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(filled), cancel).ConfigureAwait(false);
            if (count == 0)
                throw new SocketException((int)SocketError.ConnectionReset);
            filled += count;
            var text = Encoding.UTF8.GetString(buffer, 0, filled);
            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var length = text.IndexOf("Content-Length: ", StringComparison.Ordinal);
            if (head < 0 || length < 0)
                continue;
            var size = int.Parse(text.AsSpan(length + 16, text.IndexOf('\r', length) - length - 16), System.Globalization.CultureInfo.InvariantCulture);
            if (filled >= head + 4 + size)
                return text[(head + 4)..];
        }
    }

    /// <summary>The words of a failed socket, as the table's reasons use them.</summary>
    public static string Word(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => Refused,
        // The node's own programs are told when the rules drop what they send.
        SocketError.TimedOut or SocketError.AccessDenied => Silent,
        var other => other.ToString(),
    };

    private static string HostOf(string endpoint) => IPEndPoint.TryParse(endpoint, out var parsed) ? parsed.Address.ToString() : endpoint;
}
