using System.Threading.Channels;
using Network.Netlink;

namespace Network.Overlay;

internal enum WishKind
{
    /// <summary>The whole set of peers.</summary>
    Peers,

    /// <summary>One node.</summary>
    Peer,

    /// <summary>Something happened in the kernel.</summary>
    Event,

    /// <summary>Somebody changed rules near ours.</summary>
    Rules,

    /// <summary>Compare everything, rules and kernel parameters too.</summary>
    Audit,

    /// <summary>Try again what was refused.</summary>
    Repair,

    /// <summary>Between two passes, call back.</summary>
    Look,

    /// <summary>A probe found what the way to a peer carries.</summary>
    PathMtu,
}

/// <summary>One thing asked of the daemon's loop.</summary>
internal sealed record Wish(WishKind Kind)
{
    internal IReadOnlyCollection<Peer> Peers { get; init; } = [];

    internal string Node { get; init; } = "";

    internal int Mtu { get; init; }

    internal RouteEvent? Event { get; init; }

    internal Action? Look { get; init; }

    /// <summary>When the event was read from the kernel (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    internal long Since { get; init; }

    internal TaskCompletionSource? Done { get; init; }
}

/// <summary>All that waits at one moment, put together into one round of work.</summary>
internal sealed class Round
{
    private readonly List<TaskCompletionSource> _waiting = [];

    internal List<Wish> PeerWishes { get; } = [];

    internal List<RouteEvent> Events { get; } = [];

    internal List<Action> Looks { get; } = [];

    internal List<(string Node, int Mtu)> PathMtus { get; } = [];

    internal bool Audit { get; private set; }

    internal bool Rules { get; private set; }

    internal bool Whole { get; private set; }

    /// <summary>When the oldest event was read; null when none was.</summary>
    internal long? Since { get; private set; }

    internal static Round Read(ChannelReader<Wish> wishes)
    {
        var round = new Round();
        while (wishes.TryRead(out var wish))
            round.Take(wish);
        return round;
    }

    internal void Complete(Exception? failure)
    {
        foreach (var done in _waiting)
        {
            if (failure is null)
                done.TrySetResult();
            else
                done.TrySetException(failure);
        }
    }

    private void Take(Wish wish)
    {
        if (wish.Done is { } done)
            _waiting.Add(done);
        if (wish.Since != 0)
            Since ??= wish.Since;
        switch (wish.Kind)
        {
            case WishKind.Peers:
                // The newest whole set makes everything before it history.
                PeerWishes.Clear();
                PeerWishes.Add(wish);
                break;
            case WishKind.Peer:
                PeerWishes.Add(wish);
                break;
            case WishKind.Event:
                Events.Add(wish.Event!);
                break;
            case WishKind.Rules:
                Rules = true;
                break;
            case WishKind.Audit:
                Audit = true;
                break;
            case WishKind.Repair:
                Whole = true;
                break;
            case WishKind.PathMtu:
                PathMtus.Add((wish.Node, wish.Mtu));
                break;
            case WishKind.Look:
                Looks.Add(wish.Look!);
                break;
        }
    }
}
