using Network.Linux;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>A refusal and the peer it concerns; null when it concerns none.</summary>
internal readonly record struct Refusal(string? Peer, LinuxException Error);

/// <summary>
/// Changes to be made in one go, make before break: forwarding entries, neighbours, then routes come; routes, neighbours,
/// then forwarding entries go. A route that stands before its neighbour would make the kernel ask for an address nobody
/// answers for.
/// </summary>
internal sealed class ChangeSet
{
    private readonly List<(FdbEntry Entry, string? Peer)> _fdb = [];
    private readonly List<(Neighbour Entry, string? Peer)> _neighbours = [];
    private readonly List<(Route Route, string? Peer)> _routes = [];
    private readonly List<Route> _routesGone = [];
    private readonly List<Neighbour> _neighboursGone = [];
    private readonly List<FdbEntry> _fdbGone = [];
    private readonly List<Action<RouteBatch>> _first = [];

    internal int Count => _first.Count + _fdb.Count + _neighbours.Count + _routes.Count + _routesGone.Count + _neighboursGone.Count + _fdbGone.Count;

    /// <summary>A change of the device itself, before all others.</summary>
    internal void First(Action<RouteBatch> change) => _first.Add(change);

    internal void Put(FdbEntry entry, string? peer) => _fdb.Add((entry, peer));

    internal void Put(Neighbour entry, string? peer) => _neighbours.Add((entry, peer));

    internal void Put(Route route, string? peer) => _routes.Add((route, peer));

    internal void Delete(FdbEntry entry) => _fdbGone.Add(entry);

    internal void Delete(Neighbour entry) => _neighboursGone.Add(entry);

    internal void Delete(Route route) => _routesGone.Add(route);

    /// <summary>The batch, and for each request the peer it is about.</summary>
    internal (RouteBatch Batch, List<string?> Peers) Build()
    {
        var batch = new RouteBatch();
        var peers = new List<string?>(Count);
        void Note(string? peer) => peers.Add(peer);
        foreach (var change in _first)
        {
            change(batch);
            Note(null);
        }

        foreach (var (entry, peer) in _fdb)
        {
            batch.FdbReplace(entry);
            Note(peer);
        }

        foreach (var (entry, peer) in _neighbours)
        {
            batch.NeighbourReplace(entry);
            Note(peer);
        }

        foreach (var (route, peer) in _routes)
        {
            batch.RouteReplace(route);
            Note(peer);
        }

        _routesGone.ForEach(route => batch.RouteDelete(route));
        _neighboursGone.ForEach(entry => batch.NeighbourDelete(entry));
        _fdbGone.ForEach(entry => batch.FdbDelete(entry));
        return (batch, peers);
    }

    /// <summary>Makes the changes; what was already gone is no refusal.</summary>
    internal List<Refusal> Execute(RouteSocket socket)
    {
        if (Count == 0)
            return [];
        var (batch, peers) = Build();
        return [.. socket.TryExecute(batch).Where(refusal => !IsAlreadyGone(refusal.Error))
            .Select(refusal => new Refusal(refusal.Index < peers.Count ? peers[refusal.Index] : null, refusal.Error))];
    }

    internal static bool IsAlreadyGone(LinuxException error) => error.Operation.StartsWith("delete", StringComparison.Ordinal)
        && error.Errno is Errno.ENOENT or Errno.ESRCH or Errno.ENODEV or Errno.EADDRNOTAVAIL;

    /// <summary>Every change in words.</summary>
    internal IEnumerable<string> Describe()
    {
        var (batch, _) = Build();
        return Enumerable.Range(0, batch.Count).Select(batch.Describe);
    }

    /// <summary>The first changes in words, for the log.</summary>
    public override string ToString()
    {
        var (batch, _) = Build();
        const int shown = 3;
        var words = string.Join(", ", Enumerable.Range(0, Math.Min(shown, batch.Count)).Select(batch.Describe));
        return batch.Count > shown ? $"{words} and {batch.Count - shown} more" : words;
    }
}
