using Microsoft.Win32.SafeHandles;
using Network.Cni.Protocol;
using Network.Linux;

namespace Network.Cni.Ipam;

/// <summary>The addresses of one network on this node. Held under a file lock from opening to disposal.</summary>
internal sealed class AddressPool : IDisposable
{
    private readonly Subnet _subnet;
    private readonly SafeFileHandle _lock;
    private readonly LeaseJournal _journal;

    private AddressPool(Subnet subnet, SafeFileHandle @lock, LeaseJournal journal)
    {
        _subnet = subnet;
        _lock = @lock;
        _journal = journal;
    }

    internal IEnumerable<Lease> Leases => _journal.Leases.Values;

    internal static AddressPool Open(NetworkConfig config) =>
        Open(config, File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());

    internal static AddressPool Open(NetworkConfig config, string bootId)
    {
        var directory = Path.Combine(config.DataDirectory, config.Name);
        Directory.CreateDirectory(directory);
        var held = FileDescriptor.Open(Path.Combine(directory, "lock"), write: true, create: true);
        try
        {
            FileDescriptor.TryLock(held, wait: true);
            return new AddressPool(config.Subnet, held, new LeaseJournal(Path.Combine(directory, "leases"), bootId));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The attachment's address; the same one when asked again.</summary>
    /// <param name="granted">True when it is new.</param>
    internal uint Acquire(Attachment attachment, out bool granted)
    {
        granted = false;
        if (Find(attachment) is { } held && held.Address >= _subnet.First && held.Address <= _subnet.Last)
            return held.Address;
        var address = NextFree() ?? throw Exhausted(CniError.TryAgainLater);
        _journal.Grant(new Lease(address, attachment.ContainerId, attachment.IfName));
        granted = true;
        return address;
    }

    internal Lease? Find(Attachment attachment)
    {
        foreach (var lease in _journal.Leases.Values)
        {
            if (lease.ContainerId == attachment.ContainerId && lease.IfName == attachment.IfName)
                return lease;
        }

        return null;
    }

    /// <summary>No lease is not an error: DEL may come twice.</summary>
    internal void Release(Attachment attachment)
    {
        while (Find(attachment) is { } lease)
            _journal.Release(lease);
    }

    internal void RequireFree()
    {
        if (NextFree() is null)
            throw Exhausted(CniError.NotAvailable);
    }

    public void Dispose()
    {
        _journal.Dispose();
        _lock.Dispose();
    }

    // Round robin: an address rests as long as possible before someone else gets it, so late packets find nobody.
    private uint? NextFree()
    {
        var size = _subnet.Last - _subnet.First + 1;
        var start = _journal.LastGranted >= _subnet.First && _journal.LastGranted < _subnet.Last
            ? _journal.LastGranted + 1 - _subnet.First
            : 0;
        for (uint i = 0; i < size; i++)
        {
            var candidate = _subnet.First + ((start + i) % size);
            if (!_journal.Leases.ContainsKey(candidate))
                return candidate;
        }

        return null;
    }

    private CniException Exhausted(int code) => new(code,
        $"no address is free in {Subnet.ToAddress(_subnet.Base)}/{_subnet.PrefixLength}: {_journal.Leases.Count} pods have one; "
        + "delete pods or give the node a larger podCIDR");
}
