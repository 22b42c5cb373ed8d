namespace Network.Netlink;

/// <summary>A WireGuard device; its key and peers are set over generic netlink afterwards.</summary>
public sealed record WireGuardSpec(string Name) : LinkSpec(Name)
{
    protected override string Kind => "wireguard";
}
