using System.Globalization;
using System.Net;

namespace Network.Cni.Ipam;

/// <summary>A network of either family, without host bits.</summary>
internal readonly record struct Subnet(Ip Base, int Length)
{
    private UInt128 HostMask => Length == Base.Bits ? UInt128.Zero : UInt128.MaxValue >> (128 - Base.Bits + Length);

    /// <summary>The highest address: the broadcast address in IPv4.</summary>
    internal Ip End => new(Base.Number | HostMask);

    internal bool IsV6 => Base.IsV6;

    internal IPNetwork Network => new(Base.ToAddress(), Length);

    internal bool Contains(Ip address) => address >= Base && address <= End;

    /// <summary>A network with host bits is refused: they would be dropped silently, and two nodes could believe in different networks.</summary>
    internal static bool TryParse(string? text, out Subnet subnet) =>
        TryParseAddress(text, out var address, out subnet) && subnet.Base == address;

    /// <summary>An address with the length of its network: <c>10.1.2.3/24</c>; the length of a whole address when none is given.</summary>
    internal static bool TryParseAddress(string? text, out Ip address, out Subnet subnet)
    {
        (address, subnet) = (default, default);
        if (text is null)
            return false;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!Ip.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out address))
            return false;
        var length = address.Bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > address.Bits))
            return false;
        subnet = new Subnet(address, length);
        subnet = subnet with { Base = new Ip(address.Number & ~subnet.HostMask) };
        return true;
    }

    public override string ToString() => $"{Base}/{Length}";
}
