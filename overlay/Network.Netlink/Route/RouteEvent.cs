namespace Network.Netlink;

/// <summary>What happened in a namespace. Exactly the property of its kind is set.</summary>
public sealed record RouteEvent(RouteEventKind Kind)
{
    public Link? Link { get; init; }

    public InterfaceAddress? Address { get; init; }

    public Route? Route { get; init; }

    public Neighbour? Neighbour { get; init; }

    public FdbEntry? Fdb { get; init; }

    /// <summary>The thing named is gone.</summary>
    public bool Deleted { get; init; }
}
