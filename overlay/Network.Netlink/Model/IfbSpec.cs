namespace Network.Netlink;

/// <summary>An intermediate functional block: what is redirected to it leaves through its queue, so that incoming traffic can be shaped.</summary>
public sealed record IfbSpec(string Name) : LinkSpec(Name)
{
    protected override string Kind => "ifb";
}
