using System.Net;
using Network.Netlink;

namespace Network.Overlay;

/// <summary>
/// Everything the kernel should hold for all peers, by the key under which the kernel keeps it. Kept in memory, so that
/// one peer's change touches only that peer's objects and one kernel event is judged by one look.
/// </summary>
internal sealed class DesiredObjects
{
    private readonly Dictionary<(int Link, IPAddress Address), (Neighbour Value, string Peer)> _neighbours = [];
    private readonly Dictionary<(int Link, MacAddress Mac), (FdbEntry Value, string Peer)> _fdb = [];
    private readonly Dictionary<IPNetwork, (Route Value, string Peer)> _routes = [];

    internal int Count => _neighbours.Count + _fdb.Count + _routes.Count;

    internal bool HasRoute(IPNetwork destination) => _routes.ContainsKey(destination);

    /// <summary>Replaces one peer's objects and notes what the kernel has to change for it.</summary>
    internal void Change(string peer, PeerObjects? former, PeerObjects? current, ChangeSet? changes)
    {
        foreach (var gone in former?.Routes ?? [])
            _routes.Remove(gone.Destination);
        foreach (var gone in former?.Neighbours ?? [])
            _neighbours.Remove((gone.LinkIndex, gone.Address));
        foreach (var gone in former?.Fdb ?? [])
            _fdb.Remove((gone.LinkIndex, gone.Mac));
        foreach (var entry in current?.Fdb ?? [])
        {
            _fdb[(entry.LinkIndex, entry.Mac)] = (entry, peer);
            if (former?.Fdb.Contains(entry) != true)
                changes?.Put(entry, peer);
        }

        foreach (var entry in current?.Neighbours ?? [])
        {
            _neighbours[(entry.LinkIndex, entry.Address)] = (entry, peer);
            if (former?.Neighbours.Contains(entry) != true)
                changes?.Put(entry, peer);
        }

        foreach (var route in current?.Routes ?? [])
        {
            _routes[route.Destination] = (route, peer);
            if (former?.Routes.Contains(route) != true)
                changes?.Put(route, peer);
        }
    }

    /// <summary>Notes the removal of what a former peer had and nobody has now. Last, because another peer may have taken it over.</summary>
    internal void Leave(PeerObjects? former, ChangeSet changes)
    {
        foreach (var route in former?.Routes.Where(route => !_routes.ContainsKey(route.Destination)) ?? [])
            changes.Delete(route);
        foreach (var entry in former?.Neighbours.Where(entry => !_neighbours.ContainsKey((entry.LinkIndex, entry.Address))) ?? [])
            changes.Delete(entry);
        // Another remote of the same MAC was replaced in place.
        foreach (var entry in former?.Fdb.Where(entry => !_fdb.ContainsKey((entry.LinkIndex, entry.Mac))) ?? [])
            changes.Delete(entry);
    }

    /// <summary>Notes what has to change so that the kernel, which holds <paramref name="state"/>, holds this.</summary>
    internal void Compare(OverlayState state, ChangeSet changes)
    {
        var fdb = state.Fdb.Select(entry => (entry.LinkIndex, entry.Mac, entry.Remote)).ToHashSet();
        foreach (var (entry, peer) in _fdb.Values)
        {
            if (!fdb.Contains((entry.LinkIndex, entry.Mac, entry.Remote)))
                changes.Put(entry, peer);
        }

        var neighbours = state.Neighbours.ToHashSet();
        foreach (var (entry, peer) in _neighbours.Values)
        {
            if (!neighbours.Contains(entry))
                changes.Put(entry, peer);
        }

        var routes = state.Routes.ToHashSet();
        foreach (var (route, peer) in _routes.Values)
        {
            if (!routes.Contains(route))
                changes.Put(route, peer);
        }

        CompareStrangers(state, fdb, changes);
    }

    /// <summary>Notes what one kernel event makes necessary.</summary>
    internal void Judge(RouteEvent happened, Func<Route, bool> isOurs, ChangeSet changes)
    {
        switch (happened)
        {
            case { Neighbour: { } entry }:
                Judge(entry, happened.Deleted, changes);
                break;
            case { Fdb: { } entry }:
                Judge(entry, happened.Deleted, changes);
                break;
            case { Route: { } route }:
                Judge(route, happened.Deleted, isOurs, changes);
                break;
        }
    }

    private void Judge(Neighbour entry, bool deleted, ChangeSet changes)
    {
        if (_neighbours.TryGetValue((entry.LinkIndex, entry.Address), out var wanted))
        {
            if (deleted || entry != wanted.Value)
                changes.Put(wanted.Value, wanted.Peer);
        }
        else if (!deleted && entry.IsPermanent)
        {
            changes.Delete(entry);
        }
    }

    private void Judge(FdbEntry entry, bool deleted, ChangeSet changes)
    {
        var known = _fdb.TryGetValue((entry.LinkIndex, entry.Mac), out var wanted);
        var right = known && wanted.Value.Remote!.Equals(entry.Remote);
        if (known && right == deleted)
            changes.Put(wanted.Value, wanted.Peer);
        if (!deleted && !right)
            changes.Delete(entry);
    }

    private void Judge(Route route, bool deleted, Func<Route, bool> isOurs, ChangeSet changes)
    {
        var known = _routes.TryGetValue(route.Destination, out var wanted);
        if (known && route.Priority == wanted.Value.Priority)
        {
            // Also a stranger's that took our place: there is one route a destination and metric.
            if (deleted ? route == wanted.Value : route != wanted.Value)
                changes.Put(wanted.Value, wanted.Peer);
        }
        else if (!deleted && isOurs(route))
        {
            changes.Delete(route);
        }
    }

    private void CompareStrangers(OverlayState state, HashSet<(int Link, MacAddress Mac, IPAddress? Remote)> present, ChangeSet changes)
    {
        foreach (var route in state.Routes)
        {
            // One that differs only in how it gets there is replaced in place, without a moment of no route.
            if (state.IsOurs(route) && (!_routes.TryGetValue(route.Destination, out var wanted) || route.Priority != wanted.Value.Priority))
                changes.Delete(route);
        }

        foreach (var entry in state.Neighbours)
        {
            if (entry.IsPermanent && !_neighbours.ContainsKey((entry.LinkIndex, entry.Address)))
                changes.Delete(entry);
        }

        foreach (var entry in state.Fdb)
        {
            var known = _fdb.TryGetValue((entry.LinkIndex, entry.Mac), out var wanted);
            var replacedInPlace = known && !present.Contains((entry.LinkIndex, entry.Mac, wanted.Value.Remote));
            if (!replacedInPlace && !(known && wanted.Value.Remote!.Equals(entry.Remote)))
                changes.Delete(entry);
        }
    }
}
