using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>Part of a network that pods get addresses from, without its gateway and without what is excluded.</summary>
internal sealed record AddressRange(Subnet Subnet, Ip First, Ip Last, Ip Gateway)
{
    /// <summary>Never handed out: sorted by their beginning.</summary>
    internal IReadOnlyList<Subnet> Excluded { get; init; } = [];

    internal bool Contains(Ip address) => address >= First && address <= Last;

    /// <summary>The exclusion an address lies in.</summary>
    internal Subnet? ExclusionOf(Ip address)
    {
        foreach (var excluded in Excluded)
        {
            if (excluded.Contains(address))
                return excluded;
        }

        return null;
    }

    internal bool MayGrant(Ip address) => Contains(address) && address != Gateway && ExclusionOf(address) is null;

    /// <summary>Fields as in host-local: subnet, rangeStart, rangeEnd, gateway; and exclude.</summary>
    internal static AddressRange Parse(ConfigObject config)
    {
        const int leastHostBits = 2;
        if (!Subnet.TryParse(config.Text("subnet"), out var subnet) || subnet.Length is 0 || subnet.Length > subnet.Base.Bits - leastHostBits)
            throw config.Invalid("subnet", config.Text("subnet"), "a network of at least 4 addresses without host bits, such as 10.244.1.0/24 or fd00:1::/64");
        var first = AddressOf(config, "rangeStart", subnet) ?? subnet.Base + 1;
        var last = AddressOf(config, "rangeEnd", subnet) ?? new Ip(subnet.End.Number - 1);
        if (first > last)
            throw config.Invalid("rangeEnd", last.ToString(), $"an address not before rangeStart {first}");
        if (first == subnet.Base)
            throw config.Invalid("rangeStart", first.ToString(), "an address behind the network's own");
        if (!subnet.IsV6 && last == subnet.End)
            throw config.Invalid("rangeEnd", last.ToString(), "an address before the broadcast address");
        var gateway = config.Text("gateway") is { } given
            ? Ip.TryParse(given, out var own) && own.IsV6 == subnet.IsV6 ? own : throw config.Invalid("gateway", given, $"an address of the family of {subnet}")
            : subnet.Base + 1;
        var excluded = config.Texts("exclude").Select(text => Subnet.TryParse(text, out var part) && part.IsV6 == subnet.IsV6
            ? part
            : throw config.Invalid("exclude", text, $"addresses or networks without host bits in {subnet}"));
        return new AddressRange(subnet, first, last, gateway) { Excluded = [.. excluded.OrderBy(part => part.Base)] };
    }

    public override string ToString() => $"{First}-{Last}";

    private static Ip? AddressOf(ConfigObject config, string name, Subnet subnet)
    {
        if (config.Text(name) is not { } text)
            return null;
        return Ip.TryParse(text, out var address) && subnet.Contains(address) ? address : throw config.Invalid(name, text, $"an address in {subnet}");
    }
}
