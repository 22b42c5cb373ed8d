using Microsoft.Win32.SafeHandles;
using Network.Cni.Ipam.Journal;
using Network.Cni.Protocol;
using Network.Linux;

namespace Network.Cni.Ipam;

/// <summary>The addresses of one network on this node. Held under a file lock from opening to disposal.</summary>
internal sealed class AddressPool : IDisposable
{
    private readonly IpamConfig _config;
    private readonly SafeFileHandle _lock;
    private readonly LeaseJournal _journal;
    private readonly HostLocalFiles _others;

    private AddressPool(IpamConfig config, SafeFileHandle @lock, LeaseJournal journal, HostLocalFiles others)
    {
        _config = config;
        _lock = @lock;
        _journal = journal;
        _others = others;
    }

    internal IReadOnlyList<Lease> Leases => _journal.Leases;

    internal static AddressPool Open(IpamConfig config) => Open(config, File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());

    internal static AddressPool Open(IpamConfig config, string bootId)
    {
        var directory = Path.Combine(config.DataDirectory, config.Network);
        Directory.CreateDirectory(directory);
        var held = FileDescriptor.Open(Path.Combine(directory, "lock"), write: true, create: true);
        try
        {
            FileDescriptor.TryLock(held, wait: true);
            return new AddressPool(config, held, new LeaseJournal(Path.Combine(directory, "leases"), bootId, config.Sets), new HostLocalFiles(directory));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The attachment's addresses, one of each set; the same ones when asked again.</summary>
    /// <param name="granted">True when any of them is new.</param>
    internal IReadOnlyList<Ip> Acquire(Attachment attachment, out bool granted)
    {
        var held = Find(attachment);
        var holder = Lease.HolderOf(attachment.ContainerId, attachment.IfName);
        List<Lease> fresh = [];
        var addresses = new List<Ip>(_config.Sets.Count);
        foreach (var set in _config.Sets)
        {
            var wanted = _config.Requested.Where(address => set.RangeOf(address) is not null).Cast<Ip?>().FirstOrDefault();
            var own = held.Where(lease => set.RangeOf(lease.Address) is not null).Select(lease => (Ip?)lease.Address).FirstOrDefault();
            if (own is { } has && (wanted ?? has) == has)
            {
                addresses.Add(has);
                continue;
            }

            var address = wanted is { } asked ? Claim(asked, attachment, own) : set.NextFree(_journal.LastOf(set), IsTaken) ?? throw Exhausted(set, CniError.TryAgainLater);
            fresh.Add(new Lease(address, holder));
            addresses.Add(address);
        }

        granted = fresh.Count > 0;
        if (granted)
            _journal.Grant(fresh);
        return addresses;
    }

    /// <summary>Everything the attachment holds, also what it got before the ranges were changed.</summary>
    internal IReadOnlyList<Lease> Find(Attachment attachment) => _journal.Find(Lease.HolderOf(attachment.ContainerId, attachment.IfName));

    /// <summary>No lease is not an error: DEL may come twice.</summary>
    internal void Release(Attachment attachment)
    {
        var leases = Find(attachment);
        if (leases.Count > 0)
            _journal.Release(leases);
        else
            _others.Release(attachment);
    }

    /// <summary>Frees what host-local reserved for attachments that are not valid any more.</summary>
    internal void ReleaseOthersExcept(HashSet<(string ContainerId, string IfName)> valid) => _others.KeepOnly(valid);

    internal void RequireFree()
    {
        foreach (var set in _config.Sets)
        {
            if (set.NextFree(_journal.LastOf(set), IsTaken) is null)
                throw Exhausted(set, CniError.NotAvailable);
        }
    }

    public void Dispose()
    {
        _journal.Dispose();
        _lock.Dispose();
    }

    private bool IsTaken(Ip address) => _journal.Contains(address) || _others.Contains(address);

    private Ip Claim(Ip asked, Attachment attachment, Ip? own)
    {
        if (own is not null)
            throw new CniException(CniError.AddressTaken,
                $"container {attachment.ContainerId} interface {attachment.IfName} has {own} and asks for {asked}; delete it first");
        return !IsTaken(asked) ? asked : throw new CniException(CniError.AddressTaken, $"address {asked} asked for by {attachment.ContainerId} is taken"
            + (_journal.Find(asked) is { } lease ? $" by {lease.ContainerId}" : "") + "; ask for another or delete that pod");
    }

    private CniException Exhausted(RangeSet set, int code) => new(code,
        $"no address is free in {string.Join(", ", set.Ranges.Select(range => range.Subnet))}: {_journal.Count + _others.Count} are reserved; "
        + "delete pods or give the node a larger podCIDR");
}
