using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Dns.Plugins.Cluster;
using Network.TestKit;

namespace Network.Dns.Tests.Cluster;

/// <summary>A real server on a free loopback port, asked by dig: the oracle shares no code with it.</summary>
public sealed class DnsServerFixture : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public DnsServerFixture(params IPEndPoint[] upstreams)
    {
        using (var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Address = (IPEndPoint)probe.LocalEndPoint!;
        }

        Server = new DnsServer(new DnsSettings([Address]) { Upstreams = upstreams }, Index, TimeProvider.System, NullLogger.Instance);
        _running = Server.RunAsync(_stop.Token);
    }

    public ClusterIndex Index { get; } = new() { Complete = true };

    public DnsServer Server { get; }

    public IPEndPoint Address { get; }

    /// <summary>Output of dig for a question, without comments.</summary>
    public string Dig(params string[] arguments)
    {
        Requires.Tool("dig");
        return Shell.Run("dig", ["@127.0.0.1", "-p", Address.Port.ToString(), "+tries=1", "+time=2", .. arguments]).Trim();
    }

    public string Short(params string[] arguments) => Dig(["+short", .. arguments]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }
}
