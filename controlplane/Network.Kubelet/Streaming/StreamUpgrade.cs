using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Network.Kubelet.Streaming.Spdy;

namespace Network.Kubelet.Streaming;

/// <summary>Turns a request into the client's streams, whichever of the two protocols it asks for.</summary>
internal static class StreamUpgrade
{
    private const string ProtocolHeader = "X-Stream-Protocol-Version";
    private static readonly string[] s_remoteCommand = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    /// <summary>Exec and attach: runs the session once the streams stand.</summary>
    internal static async Task RemoteCommandAsync(HttpContext http, StreamRequest request, Func<IRemoteStreams, Task> session)
    {
        if (http.WebSockets.IsWebSocketRequest)
        {
            var offered = http.WebSockets.WebSocketRequestedProtocols;
            var protocol = WebSocketRemoteStreams.Protocols.FirstOrDefault(offered.Contains);
            if (protocol is null && offered.Count > 0)
            {
                await RefuseAsync(http, StatusCodes.Status400BadRequest, $"unable to upgrade: none of {string.Join(", ", offered)} is supported").ConfigureAwait(false);
                return;
            }

            using var socket = await http.WebSockets.AcceptWebSocketAsync(protocol).ConfigureAwait(false);
            var streams = new WebSocketRemoteStreams(socket, protocol ?? "");
            var receiving = streams.RunAsync(http.RequestAborted);
            await session(streams).ConfigureAwait(false);
            // The client answers our close; one that does not must not hold the request for ever.
            await receiving.WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        if (await UpgradeAsync(http, s_remoteCommand).ConfigureAwait(false) is not { } upgraded)
            return;
        using var connection = new SpdyConnection(upgraded.Transport);
        var running = connection.RunAsync(http.RequestAborted);
        var resizable = upgraded.Protocol is "v4.channel.k8s.io" or "v3.channel.k8s.io";
        if (await SpdyRemoteStreams.AcceptAsync(connection, request, resizable, http.RequestAborted).ConfigureAwait(false) is { } remote)
        {
            await session(remote).ConfigureAwait(false);
            await running.WaitAsync(TimeSpan.FromSeconds(2)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Switches to SPDY/3.1 with the best common protocol; null after refusing.</summary>
    internal static async Task<(Stream Transport, string Protocol)?> UpgradeAsync(HttpContext http, IReadOnlyList<string> spoken)
    {
        var feature = http.Features.Get<IHttpUpgradeFeature>();
        if (feature is not { IsUpgradableRequest: true } || !http.Request.Headers.Upgrade.ToString().StartsWith("SPDY/3.1", StringComparison.OrdinalIgnoreCase))
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "Upgrade request required").ConfigureAwait(false);
            return null;
        }

        var offered = http.Request.Headers[ProtocolHeader].SelectMany(line => (line ?? "").Split(',')).Select(name => name.Trim()).Where(name => name.Length > 0).ToList();
        var protocol = offered.Count == 0 ? spoken[^1] : spoken.FirstOrDefault(offered.Contains);
        if (protocol is null)
        {
            http.Response.Headers["X-Accepted-Stream-Protocol-Versions"] = string.Join(", ", spoken);
            await RefuseAsync(http, StatusCodes.Status403Forbidden, $"unable to upgrade: unable to negotiate protocol: client supports {string.Join(", ", offered)}").ConfigureAwait(false);
            return null;
        }

        http.Response.Headers[ProtocolHeader] = protocol;
        http.Response.Headers.Upgrade = "SPDY/3.1";
        return (await feature.UpgradeAsync().ConfigureAwait(false), protocol);
    }

    /// <summary>
    /// The handshake of RFC 6455 section 4.2.2 by hand: the framework refuses sub-protocol names with a slash, and kubectl's tunnel has one.
    /// </summary>
    internal static async Task<WebSocket> AcceptWebSocketAsync(HttpContext http, string protocol)
    {
        const string guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        var key = http.Request.Headers.SecWebSocketKey.ToString();
        http.Response.Headers.Upgrade = "websocket";
        http.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(System.Security.Cryptography.SHA1.HashData(Encoding.ASCII.GetBytes(key + guid)));
        http.Response.Headers.SecWebSocketProtocol = protocol;
        var transport = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        return WebSocket.CreateFromStream(transport, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.FromSeconds(30) });
    }

    internal static async Task RefuseAsync(HttpContext http, int code, string message)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "text/plain; charset=utf-8";
        await http.Response.WriteAsync(message + "\n").ConfigureAwait(false);
    }
}
