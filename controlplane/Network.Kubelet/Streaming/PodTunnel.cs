using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Network.Kubelet.Streaming;

/// <summary>
/// One TCP connection into a pod for the API server's proxy, as an HTTP upgrade to raw bytes: it lets a server that is not on the pods' network reach
/// them. Upstream dials pods directly.
/// </summary>
internal static class PodTunnel
{
    internal static async Task RunAsync(HttpContext http, PortForwardRelay relay, int port)
    {
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, "Upgrade request required").ConfigureAwait(false);
            return;
        }

        Socket socket;
        try
        {
            socket = await relay.ConnectAsync(port, http.RequestAborted).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status502BadGateway, $"port {port} of the pod: {e.Message}").ConfigureAwait(false);
            return;
        }

        await using var inside = new NetworkStream(socket, true);
        http.Response.Headers.Upgrade = "tcp";
        await using var client = await upgrade.UpgradeAsync().ConfigureAwait(false);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var there = CopyAsync(client, inside, end.Token);
        var back = CopyAsync(inside, client, end.Token);
        await Task.WhenAny(there, back).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(there, back).ConfigureAwait(false);
    }

    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancel)
    {
        try
        {
            await from.CopyToAsync(to, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Either side may hang up; the other direction ends with it.
        }
    }
}
