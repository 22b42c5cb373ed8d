using System.Net.Sockets;
using Network.Iptables;
using Network.Linux;
using Network.Netlink.Netfilter;
using Network.ServiceProxy.Backends.Iptables.Stores;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>iptables of both families; IPv6 where there is ip6tables.</summary>
internal sealed class IptablesBackend : IProxyBackend
{
    private readonly ProxySettings _settings;
    private readonly Action<uint> _touched;
    private readonly NftLedger _ledger = new(DirectStore.Concerns);
    private readonly List<(AddressFamily Family, IRuleStore Store, IptablesProxier Proxier)> _proxiers = [];
    private NftSocket? _socket;

    private IptablesBackend(ProxySettings settings, Action<uint> touched) => (_settings, _touched) = (settings, touched);

    public ProxyMode Mode => ProxyMode.Iptables;

    public int Written => _proxiers.Sum(entry => entry.Proxier.WrittenChains);

    public int Total => _proxiers.Sum(entry => entry.Proxier.Rules);

    public bool TellsOfChanges => _proxiers.TrueForAll(entry => entry.Store.TellsOfChanges);

    public IEnumerable<KeyValuePair<string, string>> Refused => _proxiers.SelectMany(entry => entry.Proxier.Refused);

    /// <param name="touched">Called when somebody, perhaps ourselves, committed what concerns our rules.</param>
    internal static async Task<IptablesBackend> OpenAsync(ProxySettings settings, Action<uint> touched, CancellationToken cancel)
    {
        var backend = new IptablesBackend(settings, touched);
        await backend.AddAsync(AddressFamily.InterNetwork, IptablesFamily.V4, writes: true, cancel).ConfigureAwait(false);
        if (Directory.Exists("/proc/sys/net/ipv6"))
            await backend.AddAsync(AddressFamily.InterNetworkV6, IptablesFamily.V6, writes: true, cancel).ConfigureAwait(false);
        if (settings.LocalhostNodePorts)
            AllowLocalhost(settings.NetNs);
        return backend;
    }

    /// <summary>Takes away what iptables holds of ours; where there is no iptables there is nothing.</summary>
    internal static async Task RemoveAllAsync(ProxySettings settings, CancellationToken cancel)
    {
        using var backend = new IptablesBackend(settings, _ => { });
        await backend.AddAsync(AddressFamily.InterNetwork, IptablesFamily.V4, writes: false, cancel).ConfigureAwait(false);
        await backend.AddAsync(AddressFamily.InterNetworkV6, IptablesFamily.V6, writes: false, cancel).ConfigureAwait(false);
        await backend.RemoveAsync(cancel).ConfigureAwait(false);
    }

    public async Task ProgramAsync(ProxyPass pass, CancellationToken cancel)
    {
        foreach (var (family, _, proxier) in _proxiers)
        {
            if (pass.Changed is null)
                await proxier.ProgramAsync(pass.All.Values.Select(service => service.Of(family)).OfType<ServicePort>().ToList(), cancel).ConfigureAwait(false);
            else
            {
                var changed = pass.Changed.Select(key => (key, service: pass.All.GetValueOrDefault(key)?.Of(family))).ToList();
                await proxier.ChangeAsync(changed.Select(pair => pair.service).OfType<ServicePort>().ToList(),
                    changed.Where(pair => pair.service is null).Select(pair => pair.key).ToList(), cancel).ConfigureAwait(false);
            }
        }

        // Not before: the events of a cold start would be as many as its rules.
        if (TellsOfChanges)
            _ledger.Listen(_settings.NetNs, _touched);
    }

    public bool IsForeign(uint generation) => _socket is { } socket && _ledger.IsForeign(generation, socket);

    public async Task<bool> IsIntactAsync(CancellationToken cancel)
    {
        foreach (var entry in _proxiers)
        {
            if (!await entry.Proxier.IsIntactAsync(cancel).ConfigureAwait(false))
                return false;
        }

        return true;
    }

    public void Forget()
    {
        foreach (var entry in _proxiers)
            entry.Proxier.Forget();
    }

    public async Task RemoveAsync(CancellationToken cancel)
    {
        foreach (var entry in _proxiers)
            await entry.Proxier.RemoveAsync(cancel).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _ledger.Dispose();
        _socket?.Dispose();
    }

    private async Task AddAsync(AddressFamily family, IptablesFamily iptablesFamily, bool writes, CancellationToken cancel)
    {
        var iptables = await IptablesRestore.DetectAsync(iptablesFamily, _settings.NetNs, cancel).ConfigureAwait(false);
        IRuleStore? store = null;
        if (await iptables.IsNftAsync(cancel).ConfigureAwait(false))
        {
            _socket ??= NftSocket.Open(_settings.NetNs);
            if (DirectStore.IsUsable(_socket))
                store = new DirectStore(iptablesFamily, _socket, _ledger, writes && await iptables.VersionAsync(cancel).ConfigureAwait(false) >= RuleEncoding.NativePorts);
        }

        if (store is null && ((writes && iptablesFamily == IptablesFamily.V4) || await WorksAsync(iptables, cancel).ConfigureAwait(false)))
            store = new RestoreStore(iptables);
        if (store is not null)
            _proxiers.Add((family, store, new IptablesProxier(_settings, store)));
    }

    private static void AllowLocalhost(string? netNs)
    {
        if (netNs is not null)
            NetNs.Run(netNs, () => Sysctl.TrySet("net/ipv4/conf/all/route_localnet", "1"));
        else
            Sysctl.TrySet("net/ipv4/conf/all/route_localnet", "1");
    }

    private static async Task<bool> WorksAsync(IptablesRestore iptables, CancellationToken cancel)
    {
        try
        {
            await iptables.SaveAsync("nat", cancel).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IptablesException or LinuxException)
        {
            return false;
        }
    }
}
