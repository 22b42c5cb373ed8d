using System.Net;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.ServiceProxy.Announce;

/// <summary>
/// What the kernel does with packets to load balancers' addresses that no service port takes: echo requests are answered, anything else is
/// refused, where a router would send it back to the segment it came from.
/// </summary>
public sealed class BalancedAddresses(string? netNs)
{
    private const string TableName = "podnet-balanced", SetName = "addresses";
    private const byte Icmp = 1, EchoRequest = 8;
    private static readonly NftSet s_set = new(NftFamily.Ip, TableName, SetName) { Key = [NftTypes.Ip], Comment = "addresses of load balancers" };
    private HashSet<IPAddress>? _written;

    /// <summary>Makes the kernel's set equal; nothing is written when it is already.</summary>
    public void Program(IReadOnlyCollection<IPAddress> addresses)
    {
        if (_written?.SetEquals(addresses) == true || (_written is null && addresses.Count == 0 && !Exists()))
            return;
        using var socket = NftSocket.Open(netNs);
        var batch = new NftBatch();
        var table = new NftTable(NftFamily.Ip, TableName) { Comment = "load balancers' addresses" };
        batch.TableAdd(table).TableDelete(NftFamily.Ip, TableName);
        if (addresses.Count > 0)
            Add(batch.TableAdd(table), addresses);
        socket.Execute(batch);
        _written = [.. addresses];
    }

    public static void Remove(string? netNs)
    {
        try
        {
            using var socket = NftSocket.Open(netNs);
            socket.TryExecute(new NftBatch().TableDelete(NftFamily.Ip, TableName));
        }
        catch (LinuxException)
        {
            // A kernel without nf_tables has nothing of ours.
        }
    }

    private bool Exists()
    {
        using var socket = NftSocket.Open(netNs);
        return socket.Tables().Any(table => table.Family == NftFamily.Ip && table.Name == TableName);
    }

    private static void Add(NftBatch batch, IReadOnlyCollection<IPAddress> addresses)
    {
        batch.SetAdd(s_set).ElementsAdd(s_set, addresses.Select(address => new NftElement(NftValue.Of(address))));
        NftExpression[] toThem = [NftPayload.DestinationAddress(NftFamily.Ip, 0), new NftLookup(SetName, 0)];
        batch.ChainAdd(new NftChain(NftFamily.Ip, TableName, "echo") { Type = "nat", Hook = NftHook.Prerouting, Priority = -95 });
        batch.RuleAdd(new NftRule(NftFamily.Ip, TableName, "echo",
        [
            .. toThem, new NftMeta(NftMetaKey.TransportProtocol, 0), new NftCompare(0, NftComparison.Equal, new NftValue([Icmp])),
            new NftPayload(NftPayloadBase.Transport, 0, 1, 0), new NftCompare(0, NftComparison.Equal, new NftValue([EchoRequest])), new NftRedirect(),
        ]) { Comment = "the node answers ping" });
        // What a service takes has another destination by then.
        batch.ChainAdd(new NftChain(NftFamily.Ip, TableName, "closed") { Type = "filter", Hook = NftHook.Forward, Priority = 10 });
        batch.RuleAdd(new NftRule(NftFamily.Ip, TableName, "closed", [.. toThem, NftReject.PortUnreachable(NftFamily.Ip)]) { Comment = "no service has the port" });
    }
}
