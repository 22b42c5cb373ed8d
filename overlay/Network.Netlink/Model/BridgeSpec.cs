namespace Network.Netlink;

/// <summary>A bridge. Give it a MAC of its own: else it takes its lowest port's and every neighbour's entry goes stale.</summary>
public sealed record BridgeSpec(string Name) : LinkSpec(Name)
{
    protected override string Kind => "bridge";
}
