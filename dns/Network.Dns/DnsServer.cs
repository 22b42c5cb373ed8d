using System.Net;
using Microsoft.Extensions.Logging;
using Network.Dns.Plugins;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Errors;
using Network.Dns.Plugins.Forward;
using Network.Dns.Transport;

namespace Network.Dns;

/// <summary>What a DNS server is told.</summary>
public sealed record DnsSettings(IReadOnlyList<IPEndPoint> Listen)
{
    /// <summary>The cluster's domain.</summary>
    public string Zone { get; init; } = "cluster.local";

    /// <summary>Seconds an answer of the cluster zone may be remembered.</summary>
    public uint Ttl { get; init; } = 5;

    public IReadOnlyList<IPEndPoint> Upstreams { get; init; } = [];

    public TimeSpan UpstreamTimeout { get; init; } = TimeSpan.FromSeconds(2);
}

/// <summary>The server: an index that others keep current, the chain of plugins, UDP and TCP.</summary>
public sealed partial class DnsServer(DnsSettings settings, ClusterIndex index, TimeProvider time, ILogger logger)
{
    private volatile bool _listening;

    /// <summary>Listening, and the cluster's names are known.</summary>
    public bool IsReady => _listening && index.Complete;

    public async Task RunAsync(CancellationToken cancel)
    {
        var chain = new Chain(
        [
            new ErrorsPlugin(time, logger),
            new ClusterPlugin(index, settings.Zone, settings.Ttl),
            new ForwardPlugin(settings.Upstreams, settings.UpstreamTimeout),
        ]);
        var udp = new List<UdpServer>();
        var tcp = new List<TcpServer>();
        try
        {
            foreach (var address in settings.Listen)
            {
                for (var core = 0; core < Environment.ProcessorCount; core++)
                    udp.Add(new UdpServer(address, chain));
                tcp.Add(new TcpServer(address, chain));
            }

            LogListening(string.Join(',', settings.Listen), settings.Zone, string.Join(',', settings.Upstreams));
            _listening = true;
            await Task.WhenAll([.. udp.Select(server => server.RunAsync(cancel)), .. tcp.Select(server => server.RunAsync(cancel))]).ConfigureAwait(false);
        }
        finally
        {
            _listening = false;
            udp.ForEach(server => server.Dispose());
            tcp.ForEach(server => server.Dispose());
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on={Addresses} zone={Zone} upstreams={Upstreams}")]
    private partial void LogListening(string addresses, string zone, string upstreams);
}
