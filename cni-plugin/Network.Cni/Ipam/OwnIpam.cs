using Network.Cni.Protocol;
using Network.Linux;

namespace Network.Cni.Ipam;

/// <summary>Addresses out of the configured ranges, remembered in this node's journal.</summary>
internal sealed class OwnIpam(IpamConfig config) : IIpam
{
    public IpamAnswer Acquire(Attachment attachment)
    {
        using var pool = AddressPool.Open(config);
        var addresses = pool.Acquire(attachment, out var granted);
        return new IpamAnswer([.. addresses.Select(Describe)], config.Routes, granted) { Dns = config.Dns };
    }

    public void Release(Attachment attachment)
    {
        using var pool = AddressPool.Open(config);
        pool.Release(attachment);
    }

    public IReadOnlyList<Ip>? Check(Attachment attachment, ConfigObject previous)
    {
        using var pool = AddressPool.Open(config);
        var addresses = pool.Find(attachment).Select(lease => lease.Address).ToList();
        if (config.Sets.Any(set => !addresses.Exists(address => set.RangeOf(address) is not null)))
            throw new CniException(CniError.CheckFailed, $"{attachment} has no address of every range; delete and add it again");
        var named = previous.Objects("ips").Select(ip => ip.Text("address")?.Split('/')[0]).ToHashSet();
        foreach (var address in addresses)
        {
            if (!named.Contains(address.ToString()))
                throw new CniException(CniError.CheckFailed, $"{attachment} has address {address}, which prevResult does not name; delete and add it again");
        }

        return addresses;
    }

    public void Collect(HashSet<(string ContainerId, string IfName)> valid, Action<Attachment> remove)
    {
        using var pool = AddressPool.Open(config);
        List<string> failures = [];
        foreach (var holder in pool.Leases.Select(lease => (lease.ContainerId, lease.IfName)).Distinct().ToArray())
        {
            if (valid.Contains(holder))
                continue;
            var attachment = new Attachment(holder.ContainerId, holder.IfName, "", "");
            try
            {
                remove(attachment);
                pool.Release(attachment);
            }
            catch (Exception e) when (e is LinuxException or IOException)
            {
                failures.Add(e.Message);
            }
        }

        pool.ReleaseOthersExcept(valid);
        if (failures.Count > 0)
            throw new CniException(CniError.Io, $"{failures.Count} stale attachments could not be removed", string.Join("; ", failures));
    }

    public void RequireFree()
    {
        using var pool = AddressPool.Open(config);
        pool.RequireFree();
    }

    private GrantedAddress Describe(Ip address)
    {
        var range = config.Sets.Select(set => set.RangeOf(address)).First(range => range is not null)!;
        return new GrantedAddress(address, range.Subnet.Length, range.Gateway);
    }
}
