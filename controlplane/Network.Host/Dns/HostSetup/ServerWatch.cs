using System.Collections.Concurrent;
using System.Net;
using Network.Dns.Client;
using Network.Dns.Wire;

namespace Network.Host.Dns.HostSetup;

/// <summary>Asks every server for the cluster's zone once a second.</summary>
internal sealed class ServerWatch(HostSetupOptions options, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(700);
    private readonly ConcurrentDictionary<IPEndPoint, ServerHealth> _health = new();

    internal bool IsHealthy(IPEndPoint server) => _health.GetValueOrDefault(server).IsHealthy;

    /// <summary>Until cancelled.</summary>
    /// <param name="changed">A server became healthy or ceased to be.</param>
    internal async Task RunAsync(Action changed, CancellationToken cancel)
    {
        using var ticks = new PeriodicTimer(s_pause, time);
        do
        {
            var before = options.Servers.Select(IsHealthy).ToList();
            await Task.WhenAll(options.Servers.Select(server => AskAsync(server, cancel))).ConfigureAwait(false);
            if (!before.SequenceEqual(options.Servers.Select(IsHealthy)))
                changed();
        }
        while (await ticks.WaitForNextTickAsync(cancel).ConfigureAwait(false));
    }

    private async Task AskAsync(IPEndPoint server, CancellationToken cancel)
    {
        var answer = await ResolverClient.AskAsync(server, options.Zone, RecordType.SOA, null, s_patience, cancel).ConfigureAwait(false);
        // A server that does not know the cluster yet says SERVFAIL: another shall be asked meanwhile.
        var good = answer.Code == ResponseCode.NoError;
        _health.AddOrUpdate(server, default(ServerHealth).After(good), (_, known) => known.After(good));
    }
}
