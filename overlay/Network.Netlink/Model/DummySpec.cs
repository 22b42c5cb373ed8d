namespace Network.Netlink;

/// <summary>A device that swallows what it is given; carries addresses.</summary>
public sealed record DummySpec(string Name) : LinkSpec(Name)
{
    protected override string Kind => "dummy";
}
