using Network.Labs.Fabric;
using Network.Labs.Topology;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>What a router's bird says of its sessions, and what it is told, by birdc.</summary>
public sealed class BirdControl(ClusterPaths paths, string router)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>States of the router's protocols by name: <c>Established</c> or the state a session is in, <c>down</c> for one that is disabled; null when bird does not answer.</summary>
    public async Task<IReadOnlyDictionary<string, string>?> StatesAsync(CancellationToken cancel)
    {
        try
        {
            return States(await RunAsync(cancel, "show", "protocols").ConfigureAwait(false));
        }
        catch (Exception e) when (e is ClusterException or LinuxException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <exception cref="ClusterException">bird does not run, or knows no such session.</exception>
    public Task DisableAsync(string session, CancellationToken cancel) => RunAsync(cancel, "disable", $"\"{session}\"");

    /// <inheritdoc cref="DisableAsync"/>
    public Task EnableAsync(string session, CancellationToken cancel) => RunAsync(cancel, "enable", $"\"{session}\"");

    /// <summary>The sessions it should have with a neighbour, or with all of them.</summary>
    /// <exception cref="ClusterException">The machine speaks no BGP, or not with that neighbour.</exception>
    public IReadOnlyList<BgpSession> Sessions(LabTopology topology, string? peer)
    {
        var found = topology.Bgp.Any(speaker => speaker.Name == router) ? BirdConfig.SessionsOf(topology, new Addressing(topology), router).Where(session => peer is null || session.Peer.Name == peer).ToList() : [];
        return found.Count > 0 ? found : throw new ClusterException($"{router} has no BGP session{(peer is null ? "" : $" with {peer}")}; routers that speak BGP are {string.Join(", ", topology.Bgp.Select(speaker => speaker.Name).DefaultIfEmpty("none"))}");
    }

    /// <summary>Reads the table of "show protocols": name, kind, table, state, since, and which state of BGP it is in. Pure.</summary>
    public static IReadOnlyDictionary<string, string> States(string text)
    {
        var states = new Dictionary<string, string>();
        foreach (var words in text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length >= 4 && words[1] == "BGP"))
            states[words[0]] = words is [_, _, _, "down", ..] ? "down" : words.Length > 5 ? words[5] : words[3];
        return states;
    }

    private async Task<string> RunAsync(CancellationToken cancel, params string[] words)
    {
        var birdc = BirdProgram.TryFind("birdc") ?? throw new ClusterException("there is no birdc on this machine; install the package bird2 (apt-get install bird2)");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_patience);
        var result = await Command.RunAsync(new ChildSpec(birdc, ["-s", BirdProgram.Socket(paths, router), .. words]), cancel: limit.Token).ConfigureAwait(false);
        return result.Succeeded && !result.Output.Contains("syntax error", StringComparison.Ordinal) ? result.Output : throw new ClusterException($"birdc {string.Join(' ', words)} at {router}: {(result.Error + result.Output).Trim()}");
    }
}
