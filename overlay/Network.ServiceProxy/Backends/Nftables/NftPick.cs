using System.Net.Sockets;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>
/// The rules that choose an endpoint, send the packet to it, and note where a client went. They hold to what <c>nft</c> 1.0.6 can
/// list: it aborts on a concatenation that has the result of a map in it, so the note is taken from the packet, after the choice.
/// </summary>
internal sealed class NftPick(NftFamily family)
{
    /// <summary>RTN_LOCAL: an address of this machine.</summary>
    internal const uint Local = 2;

    internal AddressFamily AddressFamily => family == NftFamily.Ip6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    internal int AddressWords => family == NftFamily.Ip6 ? 4 : 1;

    /// <summary>Words of an address, a protocol and a port.</summary>
    internal int FrontWords => AddressWords + 2;

    /// <summary>Where the packet goes, from a register on: address, protocol, port.</summary>
    internal NftExpression[] Front(int register) =>
    [
        NftPayload.DestinationAddress(family, register),
        new NftMeta(NftMetaKey.TransportProtocol, register + AddressWords),
        NftPayload.DestinationPort(register + AddressWords + 1),
    ];

    /// <summary>Where the packet went before a rule here sent it elsewhere.</summary>
    internal NftExpression[] FormerFront(int register) =>
    [
        new NftConntrack(family == NftFamily.Ip6 ? NftConntrackKey.DestinationIp6 : NftConntrackKey.DestinationIp, register, Direction: 0),
        new NftMeta(NftMetaKey.TransportProtocol, register + AddressWords),
        new NftConntrack(NftConntrackKey.DestinationPort, register + AddressWords + 1, Direction: 0),
    ];

    /// <summary>Rules in order; the first that matches ends the packet's way.</summary>
    internal IEnumerable<NftExpression[]> Steps(ServiceClass service)
    {
        if (service.Sticky)
            yield return [NftPayload.SourceAddress(family, 0), .. Front(AddressWords), new NftLookup(NftLayout.Affinity, 0, 0), Dnat(0)];
        yield return
        [
            .. Front(0), new NftNumber(FrontWords, (uint)service.Count),
            new NftLookup(service.Kind == ClassKind.Local ? "local-endpoints" : "endpoints", 0, 0), Dnat(0),
        ];
    }

    /// <summary>Notes the client's endpoint, or that it came again.</summary>
    internal NftExpression[] Remember(TimeSpan timeout)
    {
        var data = AddressWords + FrontWords;
        return
        [
            NftPayload.SourceAddress(family, 0), .. FormerFront(AddressWords),
            NftPayload.DestinationAddress(family, data), NftPayload.DestinationPort(data + AddressWords),
            new NftDynamicSet(NftLayout.Affinity, NftSetOperation.Update, 0, data, timeout),
        ];
    }

    private NftNat Dnat(int register) => new(Destination: true, family, register, register + AddressWords);
}
