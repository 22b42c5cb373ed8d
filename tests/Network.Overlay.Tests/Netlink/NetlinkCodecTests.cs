using System.Net;
using Network.Netlink;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Xunit;

namespace Network.Overlay.Tests.Netlink;

public sealed class NetlinkCodecTests
{
    private static readonly MacAddress s_mac = MacAddress.Parse("0a:58:0a:f4:01:02");

    [Fact]
    public void Link_message_has_exactly_the_bytes_of_the_kernel_layout()
    {
        var batch = new RouteBatch().LinkAdd(new BridgeSpec("b0") { Mtu = 1450, Up = true });

        Assert.Equal(
            "40000000" + "10000106" + "00000000" + "00000000" // nlmsghdr: length 64, RTM_NEWLINK, REQUEST|EXCL|CREATE
            + "00000000" + "00000000" + "01000000" + "01000000" // ifinfomsg: IFF_UP in flags and change
            + "07000300" + "62300000" // IFLA_IFNAME "b0"
            + "08000400" + "AA050000" // IFLA_MTU
            + "10001280" + "0B000100" + "6272696467650000", // IFLA_LINKINFO | NLA_F_NESTED { IFLA_INFO_KIND "bridge" }
            Convert.ToHexString(batch.Written));
    }

    [Fact]
    public void Every_kind_of_object_survives_a_round_trip()
    {
        var route = new Route(IPNetwork.Parse("10.244.3.0/24"))
        {
            Gateway = IPAddress.Parse("10.244.3.0"), LinkIndex = 7, Onlink = true, Protocol = 80, Mtu = 1450, Priority = 5,
            PreferredSource = IPAddress.Parse("10.244.1.0"),
        };
        var v6 = new Route(IPNetwork.Parse("fd00:3::/64")) { Gateway = IPAddress.Parse("fd00:3::"), LinkIndex = 7, Table = 1000 };
        var neighbour = new Neighbour(7, IPAddress.Parse("10.244.3.0"), s_mac);
        var entry = new FdbEntry(7, s_mac, IPAddress.Parse("192.0.2.3"));
        var address = new InterfaceAddress(7, IPAddress.Parse("10.244.1.1"), 24);
        var batch = new RouteBatch().RouteReplace(route).RouteReplace(v6).NeighbourReplace(neighbour).FdbReplace(entry).AddressReplace(address);

        var parsed = new List<object>();
        var reader = new NetlinkMessageReader(batch.Written);
        while (reader.TryNext(out var message))
            parsed.Add(Parse(message)!);

        Assert.False(reader.Malformed);
        Assert.Equal([route, v6, neighbour, entry, address], parsed);
    }

    [Fact]
    public void Vxlan_link_survives_a_round_trip()
    {
        var info = new VxlanInfo { Vni = 0xABCDEF, Port = 4789, Local = IPAddress.Parse("192.0.2.1"), UnderlayIndex = 3 };
        var batch = new RouteBatch().LinkAdd(new VxlanSpec("w1-vx", info) { Mac = s_mac, Mtu = 1450, Up = true });

        var reader = new NetlinkMessageReader(batch.Written);
        Assert.True(reader.TryNext(out var message));
        Assert.True(LinkParser.TryParse(message, out var kept));

        Assert.Equal(info, kept.Vxlan);
        Assert.Equal(("w1-vx", s_mac, 1450, true, "vxlan"), (kept.Name, kept.Mac!.Value, kept.Mtu, kept.IsUp, kept.Kind));
    }

    [Fact]
    public void Every_truncation_is_refused_without_an_exception()
    {
        var batch = new RouteBatch()
            .LinkAdd(new VxlanSpec("w1-vx", new VxlanInfo { Vni = 1, Local = IPAddress.Loopback }) { Mac = s_mac, Mtu = 1450 });
        var whole = batch.Written.ToArray();

        for (var length = 1; length < whole.Length; length++)
        {
            var reader = new NetlinkMessageReader(whole.AsSpan(0, length));
            Assert.False(reader.TryNext(out _));
            Assert.True(reader.Malformed, $"{length} of {whole.Length} bytes");
        }
    }

    [Fact]
    public void Every_truncated_attribute_list_is_either_short_or_malformed()
    {
        var batch = new RouteBatch().RouteAdd(new Route(IPNetwork.Parse("10.0.0.0/8")) { Gateway = IPAddress.Loopback, LinkIndex = 1, Mtu = 9 });
        var attributes = batch.Written[28..].ToArray();

        var complete = Count(attributes, out _);
        for (var length = 0; length < attributes.Length; length++)
        {
            var count = Count(attributes.AsSpan(0, length), out var malformed);
            Assert.True(malformed || count < complete, $"{length} bytes");
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(20260801);
        var bytes = new byte[256];
        ushort[] types = [RtnetlinkH.RTM_NEWLINK, RtnetlinkH.RTM_NEWADDR, RtnetlinkH.RTM_NEWROUTE, RtnetlinkH.RTM_NEWNEIGH];
        var parsed = 0;
        for (var round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            var length = random.Next(bytes.Length);
            // Plausible attributes reach deeper than pure noise does: length of an address, small type.
            for (var at = 8 + (4 * (round % 3)); at + 8 <= length; at += 8)
                (bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]) = (8, 0, (byte)random.Next(1, 9), 0);
            var families = new byte[] { NetlinkH.AF_INET, NetlinkH.AF_INET6, NetlinkH.AF_BRIDGE };
            bytes[0] = families[random.Next(families.Length)];
            if (Parse(new NetlinkMessage(types[round % types.Length], 0, 0, bytes.AsSpan(0, length))) is not null)
                parsed++;
            var reader = new NetlinkMessageReader(bytes.AsSpan(0, length));
            while (reader.TryNext(out _))
            {
            }
        }

        Assert.True(parsed > 100, $"only {parsed} inputs got past the first checks");
    }

    [Theory]
    [InlineData("0a:58:0a:f4:01:02", true)]
    [InlineData("0A:58:0A:F4:01:02", true)]
    [InlineData("0a:58:0a:f4:01", false)]
    [InlineData("0a-58-0a-f4-01-02", false)]
    [InlineData("0a:58:0a:f4:01:0g", false)]
    [InlineData("+a:58:0a:f4:01:02", false)]
    [InlineData("", false)]
    public void Mac_text_is_accepted_only_in_colon_form(string text, bool valid)
    {
        Assert.Equal(valid, MacAddress.TryParse(text, out var mac));
        if (valid)
            Assert.Equal(text.ToLowerInvariant(), mac.ToString());
    }

    private static int Count(ReadOnlySpan<byte> attributes, out bool malformed)
    {
        var reader = new AttributeReader(attributes);
        var count = 0;
        while (reader.TryNext(out _))
            count++;
        malformed = reader.Malformed;
        return count;
    }

    private static object? Parse(NetlinkMessage message)
    {
        if (LinkParser.TryParse(message, out var link))
            return link;
        if (AddressParser.TryParse(message, out var address))
            return address;
        if (RouteParser.TryParse(message, out var route))
            return route;
        if (NeighbourParser.TryParse(message, out var neighbour))
            return neighbour;
        return FdbParser.TryParse(message, out var entry) ? entry : null;
    }
}
