using System.Net;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Conntrack;
using Network.ServiceProxy.Model;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

public sealed class StaleConnectionsTests
{
    // IPS_DST_NAT of nf_conntrack_common.h.
    private const uint IpsDestinationRewritten = 1 << 5;
    private static readonly IPAddress s_node = IPAddress.Parse("192.0.2.1");
    private readonly StaleConnections _stale = new(new HashSet<IPAddress> { s_node });

    [Theory]
    // Original destination, then where answers come from.
    [InlineData("10.96.0.1:53", "10.244.1.2:5353", false)]
    [InlineData("10.96.0.1:53", "10.244.1.3:5353", true)]
    [InlineData("10.96.0.1:53", "10.96.0.1:53", true)]
    [InlineData("10.96.0.2:53", "10.96.0.2:53", false)]
    [InlineData("192.0.2.1:30053", "10.244.1.2:5353", false)]
    [InlineData("192.0.2.1:30053", "10.244.1.3:5353", true)]
    // Came before the rules did, and would pass them by for as long as the client goes on.
    [InlineData("192.0.2.1:30053", "192.0.2.1:30053", true)]
    // The same number of a program on another host.
    [InlineData("192.0.2.9:30053", "192.0.2.9:30053", false)]
    public void Only_what_leads_to_no_endpoint_is_removed(string front, string answers, bool stale)
    {
        _stale.Add(new ServicePort("ns", "dns", "dns", TransportProtocol.Udp)
        {
            ClusterIps = [IPAddress.Parse("10.96.0.1")],
            Port = 53,
            NodePort = 30053,
            Endpoints = [new ServiceEndpoint(IPAddress.Parse("10.244.1.2"), 5353) { Ready = true, Serving = true }],
        });
        var (to, from) = (IPEndPoint.Parse(front), IPEndPoint.Parse(answers));
        var client = IPAddress.Parse("10.244.1.9");
        var entry = new ConntrackEntry(new ConntrackTuple(client, to.Address, 17, 4000, (ushort)to.Port), new ConntrackTuple(from.Address, client, 17, (ushort)from.Port, 4000))
        {
            Status = to.Equals(from) ? 0u : IpsDestinationRewritten,
        };

        Assert.Equal(stale, _stale.IsStale(entry));
    }
}
