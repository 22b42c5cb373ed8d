using System.Net;
using Network.Host.Dns.FallBack;
using Network.Netlink;

namespace Network.Host.Dns;

/// <summary>Takes away what a node's DNS server left on purpose: the rules of the fall-back, which outlive it, and the address it answered at.</summary>
public static class DnsCleanup
{
    /// <param name="server">The cluster's DNS address; null leaves it where it is.</param>
    public static void Run(IPAddress? server)
    {
        using (var table = new FallBackTable())
            table.Remove();
        if (server is null)
            return;
        using var socket = RouteSocket.Open();
        var loopback = socket.Link("lo")!.Index;
        if (socket.Addresses().FirstOrDefault(address => address.LinkIndex == loopback && address.Address.Equals(server)) is { } own)
            socket.Execute(batch => batch.AddressDelete(own));
    }
}
