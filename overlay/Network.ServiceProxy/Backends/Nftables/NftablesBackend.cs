using System.Net;
using System.Net.Sockets;
using Network.Linux;
using Network.Netlink;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>nf_tables of both families, over one socket.</summary>
internal sealed class NftablesBackend : IProxyBackend
{
    private readonly ProxySettings _settings;
    private readonly Action<uint> _touched;
    private readonly NftSocket _socket;
    private readonly NftLedger _ledger = new(change => change.Table == NftLayout.TableName);
    private readonly (AddressFamily Family, NftProxier Proxier)[] _proxiers;
    private IReadOnlyList<IPAddress> _nodeAddresses = [];

    /// <param name="touched">Called when somebody, perhaps ourselves, committed to our tables.</param>
    internal NftablesBackend(ProxySettings settings, Action<uint> touched)
    {
        (_settings, _touched) = (settings, touched);
        _socket = NftSocket.Open(settings.NetNs);
        _proxiers =
        [
            (AddressFamily.InterNetwork, new NftProxier(NftFamily.Ip, settings, _socket, _ledger)),
            .. Directory.Exists("/proc/sys/net/ipv6") ? new[] { (AddressFamily.InterNetworkV6, new NftProxier(NftFamily.Ip6, settings, _socket, _ledger)) } : [],
        ];
    }

    public ProxyMode Mode => ProxyMode.Nftables;

    public bool TellsOfChanges => true;

    public int Written => _proxiers.Sum(pair => pair.Proxier.WrittenElements);

    public int Total => _proxiers.Sum(pair => pair.Proxier.Elements);

    public IEnumerable<KeyValuePair<string, string>> Refused => _proxiers.SelectMany(pair => pair.Proxier.Conflicts())
        .Select(conflict => KeyValuePair.Create(conflict.Loser, $"an address and port of it are {conflict.Winner}'s already"));

    /// <summary>True where the kernel has nf_tables and lets us write them.</summary>
    internal static bool IsUsable(string? netNs)
    {
        try
        {
            using var socket = NftSocket.Open(netNs);
            // Nothing is left of it, but every kind of object that is needed was tried.
            var table = new NftTable(NftFamily.Ip, $"{NftLayout.TableName}-probe");
            var set = new NftSet(NftFamily.Ip, table.Name, "probe") { Key = [NftTypes.Ip], Data = [NftTypes.Ip], HasTimeout = true, Dynamic = true, Size = 1 };
            socket.Execute(new NftBatch().TableAdd(table).SetAdd(set)
                .ChainAdd(new NftChain(NftFamily.Ip, table.Name, "probe") { Type = "nat", Hook = NftHook.Prerouting, Priority = -100 })
                .TableDelete(NftFamily.Ip, table.Name));
            return true;
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    public Task ProgramAsync(ProxyPass pass, CancellationToken cancel)
    {
        var addresses = NodeAddresses();
        var all = pass.Changed is null || !addresses.SequenceEqual(_nodeAddresses);
        foreach (var (family, proxier) in _proxiers)
        {
            if (all)
                proxier.Program([.. pass.All.Values], addresses.Where(address => address.AddressFamily == family).ToList());
            else
                proxier.Change(pass.Changed!.Select(key => pass.All.GetValueOrDefault(key)).OfType<ServicePort>(), pass.Changed!.Where(key => !pass.All.ContainsKey(key)));
        }

        _nodeAddresses = addresses;
        // Not before: the events of a cold start would be as many as its elements.
        _ledger.Listen(_settings.NetNs, _touched);
        return Task.CompletedTask;
    }

    public bool IsForeign(uint generation) => _ledger.IsForeign(generation, _socket);

    public Task<bool> IsIntactAsync(CancellationToken cancel) => Task.FromResult(_proxiers.Count(pair => pair.Proxier.Audit()) == _proxiers.Length);

    public void Forget()
    {
        foreach (var (_, proxier) in _proxiers)
            proxier.Forget();
    }

    public Task RemoveAsync(CancellationToken cancel)
    {
        foreach (var family in new[] { NftFamily.Ip, NftFamily.Ip6 })
            NftProxier.Remove(family, _socket);
        Forget();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _ledger.Dispose();
        _socket.Dispose();
    }

    // Where node ports answer: what was given, else what this namespace has beside loopback.
    private List<IPAddress> NodeAddresses()
    {
        IEnumerable<IPAddress> all = _settings.NodeAddresses;
        if (_settings.NodeAddresses.Count == 0 || _settings.NodePortAddresses.Count > 0)
        {
            using var routes = RouteSocket.Open(_settings.NetNs);
            all = routes.Addresses().Select(address => address.Address).Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal).ToList();
        }

        return all.Where(address => _settings.NodePortAddresses.Count == 0 || _settings.NodePortAddresses.Any(range => range.Contains(address)))
            .OrderBy(address => address.ToString(), StringComparer.Ordinal).ToList();
    }
}
