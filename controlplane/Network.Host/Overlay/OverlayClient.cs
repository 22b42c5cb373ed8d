using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Network.Host.Overlay;

/// <summary>Asks the overlay of this node by its Unix socket.</summary>
public static class OverlayClient
{
    /// <summary>The socket's name in the node's data directory.</summary>
    public const string SocketName = "overlay.sock";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <returns>An object a network.</returns>
    public static async Task<JsonArray> AskAsync(string socket, HttpMethod method, string path, CancellationToken cancel = default)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = async (_, stop) => await ConnectAsync(socket, stop).ConfigureAwait(false) };
        using var http = new HttpClient(handler) { Timeout = s_patience };
        using var request = new HttpRequestMessage(method, new Uri("http://overlay" + path));
        using var response = await http.SendAsync(request, cancel).ConfigureAwait(false);
        var text = await response.Content.ReadAsStringAsync(cancel).ConfigureAwait(false);
        return response.IsSuccessStatusCode && JsonNode.Parse(text) is JsonArray answer
            ? answer
            : throw new InvalidDataException($"overlay at {socket} answered {(int)response.StatusCode} to {path}: {text.Trim()}");
    }

    /// <summary>Somebody answers at the socket.</summary>
    internal static async Task<bool> IsRunningAsync(string socket, CancellationToken cancel)
    {
        try
        {
            await using var connection = await ConnectAsync(socket, cancel).ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<NetworkStream> ConnectAsync(string socket, CancellationToken cancel)
    {
        using var path = new ShortPath(socket);
        if (System.Text.Encoding.UTF8.GetByteCount(path.Text) > 107)
            throw new IOException($"no overlay answers at {socket} (its folder does not exist); start podnet overlay or podnet agent on this node, or name its --data-dir");
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(path.Text), cancel).ConfigureAwait(false);
            return new NetworkStream(connection, ownsSocket: true);
        }
        catch (SocketException e)
        {
            connection.Dispose();
            throw new IOException($"no overlay answers at {socket} ({e.SocketErrorCode}); start podnet overlay or podnet agent on this node, or name its --data-dir", e);
        }
    }
}
