using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Dns.Plugins.Cluster;
using Network.TestKit;

namespace Network.Dns.Tests.Cluster;

/// <summary>A real server on a free loopback port, asked by dig: the oracle shares no code with it.</summary>
public sealed class DnsServerFixture : IAsyncDisposable
{
    private static int s_next;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public DnsServerFixture(params IPEndPoint[] upstreams)
    {
        // All of 127/8 is this machine's: an address of its own spares every test the race for a free port.
        var number = Interlocked.Increment(ref s_next);
        Address = new IPEndPoint(new IPAddress([127, (byte)(1 + (Environment.ProcessId % 250)), (byte)(number >> 8), (byte)number]), 10053);
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
        return Shell.Run("dig", [$"@{Address.Address}", "-p", Address.Port.ToString(), "+tries=1", "+time=2", .. arguments]).Trim();
    }

    public string Short(params string[] arguments) => Dig(["+short", .. arguments]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }
}
