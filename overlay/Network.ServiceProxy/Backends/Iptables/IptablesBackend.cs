using System.Net.Sockets;
using Network.Iptables;
using Network.Linux;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>iptables of both families; IPv6 where there is ip6tables.</summary>
internal sealed class IptablesBackend : IProxyBackend
{
    private readonly (AddressFamily Family, IptablesRestore Iptables, IptablesProxier Proxier)[] _proxiers;

    private IptablesBackend(IEnumerable<(AddressFamily, IptablesRestore)> families, ProxySettings settings) =>
        _proxiers = families.Select(pair => (pair.Item1, pair.Item2, new IptablesProxier(settings, pair.Item2))).ToArray();

    public ProxyMode Mode => ProxyMode.Iptables;

    public int Written => _proxiers.Sum(entry => entry.Proxier.WrittenChains);

    public int Total => _proxiers.Sum(entry => entry.Proxier.Rules);

    /// <summary>iptables keeps its rules in nf_tables, which sends events; the old one sends none.</summary>
    internal bool TellsOfChanges => _proxiers.All(entry => entry.Iptables.Variant != IptablesVariant.Legacy);

    public IEnumerable<KeyValuePair<string, string>> Refused => _proxiers.SelectMany(entry => entry.Proxier.Refused);

    internal static async Task<IptablesBackend> OpenAsync(ProxySettings settings, CancellationToken cancel)
    {
        var families = new List<(AddressFamily, IptablesRestore)>
        {
            (AddressFamily.InterNetwork, await IptablesRestore.DetectAsync(IptablesFamily.V4, settings.NetNs, cancel).ConfigureAwait(false)),
        };
        var v6 = await IptablesRestore.DetectAsync(IptablesFamily.V6, settings.NetNs, cancel).ConfigureAwait(false);
        if (Directory.Exists("/proc/sys/net/ipv6") && await WorksAsync(v6, cancel).ConfigureAwait(false))
            families.Add((AddressFamily.InterNetworkV6, v6));
        if (settings.LocalhostNodePorts)
            AllowLocalhost(settings.NetNs);
        return new IptablesBackend(families, settings);
    }

    /// <summary>Takes away what iptables holds of ours; where there is no iptables there is nothing.</summary>
    internal static async Task RemoveAllAsync(ProxySettings settings, CancellationToken cancel)
    {
        foreach (var family in new[] { IptablesFamily.V4, IptablesFamily.V6 })
        {
            var iptables = await IptablesRestore.DetectAsync(family, settings.NetNs, cancel).ConfigureAwait(false);
            if (await WorksAsync(iptables, cancel).ConfigureAwait(false))
                await new IptablesProxier(settings, iptables).RemoveAsync(cancel).ConfigureAwait(false);
        }
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
    }

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
