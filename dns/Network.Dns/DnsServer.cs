using System.Net;
using System.Net.Security;
using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Plugins.Cache;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Errors;
using Network.Dns.Plugins.Forward;
using Network.Dns.Plugins.Search;
using Network.Dns.Transport;

namespace Network.Dns;

/// <summary>What a DNS server is told.</summary>
public sealed record DnsSettings(IReadOnlyList<IPEndPoint> Listen)
{
    public ForwardSettings Forward { get; init; } = new();

    public CacheSettings Cache { get; init; } = new();

    /// <summary>Sockets, each with a thread, that share an address for UDP.</summary>
    public int UdpSockets { get; init; } = Environment.ProcessorCount;

    /// <summary>Where DNS over TLS (RFC 7858) is served; needs <see cref="Tls"/>.</summary>
    public IReadOnlyList<IPEndPoint> ListenTls { get; init; } = [];

    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>How long a connection may say nothing (RFC 7766 6.2.3).</summary>
    public TimeSpan StreamIdle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections a listener keeps; one more closes the one that was silent longest.</summary>
    public int MostConnections { get; init; } = 16_384;
}

/// <summary>The server: an index that others keep current, the chain of plugins, UDP, TCP and TLS.</summary>
public sealed partial class DnsServer(DnsSettings settings, ClusterIndex index, TimeProvider time, ILogger logger)
{
    private volatile bool _listening;

    /// <summary>Listening, and the cluster's names are known.</summary>
    public bool IsReady => _listening && index.Complete;

    /// <summary>The pods that ask this server, kept current by others.</summary>
    public PodDirectory Pods { get; } = new();

    public async Task RunAsync(CancellationToken cancel)
    {
        IDnsPlugin[] plugins =
        [
            new ErrorsPlugin(logger),
            new ClusterPlugin(index, new SearchExpansion(Pods)),
            new CachePlugin(settings.Cache, time),
            new ForwardPlugin(settings.Forward, time, logger),
        ];
        var handler = new DnsHandler(new HotPath(plugins), new Chain(plugins), time);
        var udp = new List<UdpServer>();
        var streams = new List<StreamServer>();
        try
        {
            var limits = new StreamLimits(settings.StreamIdle, settings.MostConnections);
            foreach (var address in settings.Listen)
            {
                for (var i = 0; i < settings.UdpSockets; i++)
                    udp.Add(new UdpServer(address, handler));
                streams.Add(new StreamServer(address, handler, limits));
            }

            streams.AddRange(settings.ListenTls.Select(address => new StreamServer(address, handler, limits, settings.Tls)));
            LogListening(string.Join(',', settings.Listen), index.Zone, string.Join(',', settings.Forward.Upstreams));
            _listening = true;
            await Task.WhenAll([.. udp.Select(server => server.RunAsync(cancel)), .. streams.Select(server => server.RunAsync(cancel))]).ConfigureAwait(false);
        }
        finally
        {
            _listening = false;
            udp.ForEach(server => server.Dispose());
            streams.ForEach(server => server.Dispose());
            foreach (var plugin in plugins.OfType<IDisposable>())
                plugin.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on={Addresses} zone={Zone} upstreams={Upstreams}")]
    private partial void LogListening(string addresses, string zone, string upstreams);
}
