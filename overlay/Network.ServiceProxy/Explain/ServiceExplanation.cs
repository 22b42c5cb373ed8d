using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Network.Iptables;
using Network.Netlink;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;
using Network.ServiceProxy.Backends.Nftables;
using Network.ServiceProxy.Model;
using Network.ServiceProxy.Walk;

namespace Network.ServiceProxy.Explain;

/// <summary>What the kernel's rules of one node do with packets to one service port, read now and walked step by step.</summary>
public sealed record ServiceExplanation(ServicePort Port, ProxyMode Mode, IReadOnlyList<EndpointReason> Endpoints, IReadOnlyList<FrontExplanation> Fronts)
{
    /// <param name="from">Who sends; null for a pod of no particular address.</param>
    public static async Task<IReadOnlyList<ServiceExplanation>> ReadAsync(IEnumerable<ServicePort> ports, ProxySettings settings, IPAddress? from, CancellationToken cancel)
    {
        var isLocal = LocalAddresses(settings.NetNs);
        using var socket = NftSocket.Open(settings.NetNs);
        if (socket.Tables().Any(table => table.Name == NftLayout.TableName))
        {
            var rules = NftRuleSet.Read(socket, NftFamily.Ip);
            return ports.Select(port => Explain(port, ProxyMode.Nftables, settings, from, (kind, packet) => Walk(rules, kind, packet, isLocal), isLocal)).ToList();
        }

        var iptables = await IptablesRestore.DetectAsync(IptablesFamily.V4, settings.NetNs, cancel).ConfigureAwait(false);
        var saved = new IptablesRuleSet();
        saved.Apply(await iptables.SaveTextAsync(cancel).ConfigureAwait(false));
        return ports.Select(port => Explain(port, ProxyMode.Iptables, settings, from, (kind, packet) => Walk(saved, kind, packet, isLocal), isLocal)).ToList();
    }

    private static ServiceExplanation Explain(ServicePort port, ProxyMode mode, ProxySettings settings, IPAddress? from, Func<string, Packet, FrontExplanation> walk, Func<IPAddress, bool> isLocal)
    {
        var own = port.Of(AddressFamily.InterNetwork) ?? port;
        var source = from ?? (settings.ClusterCidr is { } pods ? AnyOf(pods) : IPAddress.Parse("192.0.2.1"));
        var fronts = own.ClusterIps.Select(address => ("cluster IP", address, own.Port))
            .Concat(own.ExternalIps.Select(address => ("external IP", address, own.Port)))
            .Concat(own.LoadBalancerIps.Select(address => ("load balancer", address, own.Port)))
            .Concat(own.NodePort > 0 ? settings.NodeAddresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork).Select(address => ("node port", address, own.NodePort)) : []);
        return new ServiceExplanation(port, mode, EndpointReason.Of(own),
            fronts.Select(front => walk(front.Item1, new Packet(source, front.address, own.Protocol, front.Item3, isLocal(source)))).ToList());
    }

    private static FrontExplanation Walk(NftRuleSet rules, string kind, Packet packet, Func<IPAddress, bool> isLocal)
    {
        var key = NftValue.Concat(NftValue.Of(packet.Destination), NftValue.Of(ServiceElements.ProtocolNumber(packet.Protocol)), NftValue.BigEndian((ushort)packet.Port));
        var (_, steps) = NftWalk.Trace(rules, packet, isLocal);
        return new FrontExplanation(kind, packet, NftWalk.Of(rules, packet, isLocal), steps.Select(Text).ToList(), rules.Sets["services"].Find(key.Bytes)?.Packets);
    }

    private static FrontExplanation Walk(IptablesRuleSet rules, string kind, Packet packet, Func<IPAddress, bool> isLocal) =>
        new(kind, packet, IptablesWalk.Of(rules, packet, isLocal), IptablesWalk.Trace(rules, packet, isLocal).Steps, null);

    private static string Text(NftRule rule)
    {
        var words = rule.Expressions.Select(expression => expression switch
        {
            NftLookup lookup => $"{(lookup.Inverted ? "not in " : "")}@{lookup.Set}",
            NftNat => "dnat",
            NftMasquerade => "masquerade",
            NftReject => "reject",
            NftNumber number => $"random of {number.Modulus.ToString(CultureInfo.InvariantCulture)}",
            NftImmediate { Verdict: { } verdict } => verdict.ToString(),
            NftMeta { Key: NftMetaKey.Mark, Sets: true } => "set mark",
            NftCounter counter => $"counter {counter.Packets}",
            _ => "",
        }).Where(word => word.Length > 0);
        return $"{rule.Chain}: {string.Join(' ', words)}{(rule.Comment is null ? "" : $" ({rule.Comment})")}";
    }

    // The last but one of the range: an address that a pod might have.
    private static IPAddress AnyOf(IPNetwork pods)
    {
        var bytes = pods.BaseAddress.GetAddressBytes();
        bytes[^1] |= 2;
        return new IPAddress(bytes);
    }

    private static Func<IPAddress, bool> LocalAddresses(string? netNs)
    {
        using var routes = RouteSocket.Open(netNs);
        var own = routes.Addresses().Select(address => address.Address).ToHashSet();
        return address => IPAddress.IsLoopback(address) || own.Contains(address);
    }
}
