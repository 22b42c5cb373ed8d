using System.Net;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Forward;
using Network.TestKit;

namespace Network.Dns.Tests.Cluster;

/// <summary>What a test wants different.</summary>
public sealed record DnsServerOptions
{
    public string Zone { get; init; } = "cluster.local";

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public Func<DnsSettings, DnsSettings> Settings { get; init; } = settings => settings;
}

/// <summary>A real server on a free loopback port, asked by dig: the oracle shares no code with it.</summary>
public sealed class DnsServerFixture : IAsyncDisposable
{
    private static int s_next;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly LinesLogger _log = new();

    public DnsServerFixture(params IPEndPoint[] upstreams)
        : this(new DnsServerOptions { Settings = settings => settings with { Forward = new ForwardSettings { Upstreams = upstreams.Select(address => new Upstream(address)).ToList() } } })
    {
    }

    public DnsServerFixture(DnsServerOptions options)
    {
        // All of 127/8 is this machine's: an address of its own spares every test the race for a free port.
        var number = Interlocked.Increment(ref s_next);
        Address = new IPEndPoint(new IPAddress([127, (byte)(1 + (Environment.ProcessId % 250)), (byte)(number >> 8), (byte)number]), 10053);
        Index = new ClusterIndex(options.Zone) { Complete = true };
        Server = new DnsServer(options.Settings(new DnsSettings([Address])), Index, options.Time, _log);
        _running = Server.RunAsync(_stop.Token);
    }

    public ClusterIndex Index { get; }

    public DnsServer Server { get; }

    public IPEndPoint Address { get; }

    /// <summary>What the server logged.</summary>
    public string Log => _log.Text;

    /// <summary>Output of dig for a question, without comments.</summary>
    public string Dig(params string[] arguments)
    {
        Requires.Tool("dig");
        return Shell.Run("dig", [$"@{Address.Address}", "-p", Address.Port.ToString(), "+tries=1", "+time=5", .. arguments]).Trim();
    }

    public string Short(params string[] arguments) => Dig(["+short", .. arguments]);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }
}
