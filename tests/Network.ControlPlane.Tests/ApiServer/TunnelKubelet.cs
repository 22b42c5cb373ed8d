using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>A kubelet whose tunnels all end at one port of this machine; it shares no HTTP code with the product.</summary>
internal sealed class TunnelKubelet : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly X509Certificate2 _certificate;
    private readonly int _port;
    private readonly Task _loop;

    public TunnelKubelet(X509Certificate2 certificate, int port)
    {
        (_certificate, _port) = (certificate, port);
        _listener.Start();
        _loop = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Paths { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            var (head, one) = ("", new byte[1]);
            while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal) && await tls.ReadAsync(one, _stop.Token) == 1)
                head += (char)one[0];
            Paths.Enqueue(head.Split(' ')[1]);
            await tls.WriteAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"u8.ToArray(), _stop.Token);
            using var pod = new TcpClient();
            await pod.ConnectAsync(IPAddress.Loopback, _port, _stop.Token);
            await using var inside = pod.GetStream();
            await Task.WhenAny(tls.CopyToAsync(inside, _stop.Token), inside.CopyToAsync(tls, _stop.Token));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Either side hung up, or the test is over.
        }
    }
}
