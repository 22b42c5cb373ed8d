using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>A TLS listener that records request heads and answers logs in chunks or echoes an upgraded stream; it shares no HTTP code with the product.</summary>
internal sealed class FakeKubelet : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public FakeKubelet(X509Certificate2 certificate)
    {
        _certificate = certificate;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public List<string> Heads { get; } = [];

    public string? ClientName { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                await ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        await using var tls = new SslStream(client.GetStream(), false, (_, certificate, _, _) =>
        {
            ClientName = certificate?.Subject;
            return true;
        });
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate, ClientCertificateRequired = true });
        var head = "";
        var buffer = new byte[4096];
        while (!head.Contains("\r\n\r\n"))
            head += Encoding.Latin1.GetString(buffer, 0, await tls.ReadAsync(buffer, _stop.Token));
        Heads.Add(head);
        if (!head.Contains("Upgrade:", StringComparison.OrdinalIgnoreCase))
        {
            await tls.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nline1\n\r\n6\r\nline2\n\r\n0\r\n\r\n"u8.ToArray(), _stop.Token);
            return;
        }

        await tls.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nhello "u8.ToArray(), _stop.Token);
        while (await tls.ReadAsync(buffer, _stop.Token) is > 0 and var count)
            await tls.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
    }
}
