using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Cni.Ipam.Journal;

/// <summary>
/// Where in the journal an address or a container is: two hash tables of pages, so that a call reads and writes three pages
/// whether five leases or five thousand are in force. It can be lost at any time: it serves only the very journal whose
/// stamp it carries, and the stamp is written last, so that whatever a crash leaves does not fit and is built anew.
/// </summary>
internal sealed class LeaseIndex : IDisposable
{
    private const int FirstPage = 1;
    private const int UsualFill = IndexPage.Capacity / 2;
    private readonly SafeFileHandle _file;
    private readonly IndexHeader _header;
    private readonly Dictionary<long, IndexPage> _pages = [];

    private LeaseIndex(SafeFileHandle file, IndexHeader header)
    {
        _file = file;
        _header = header;
    }

    internal int Live => _header.Live;

    internal int Records => _header.Records;

    /// <summary>Null when there is none, or when it is of another journal or another state of this one.</summary>
    internal static LeaseIndex? TryOpen(string path, string bootId, JournalStamp stamp)
    {
        SafeFileHandle file;
        try
        {
            file = FileDescriptor.Open(path, write: true);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }

        var bytes = new byte[IndexHeader.Size];
        if (RandomAccess.Read(file, bytes, 0) == bytes.Length && IndexHeader.TryParse(bytes) is { } header && header.Boot == NumberOf(bootId) && header.Stamp == stamp)
            return new LeaseIndex(file, header);
        file.Dispose();
        return null;
    }

    /// <summary>Replaces what is there.</summary>
    internal static LeaseIndex Build(string path, string bootId, JournalContent content, JournalStamp stamp, IReadOnlyList<RangeSet> sets)
    {
        var pages = 1;
        while (content.Leases.Count > pages * UsualFill)
            pages *= 2;
        for (; ; pages *= 2)
        {
            var header = new IndexHeader { Boot = NumberOf(bootId), Pages = pages, Stamp = stamp, Live = content.Leases.Count, Records = content.Records };
            foreach (var address in content.Granted)
                header.Remember(address, sets);
            if (TryFill(pages, content) is { } filled)
                return Write(path, header, filled);
        }
    }

    /// <summary>The address granted most recently out of a set; null when none was.</summary>
    internal Ip? LastOf(RangeSet set)
    {
        for (var i = _header.Last.Count - 1; i >= 0; i--)
        {
            if (set.RangeOf(_header.Last[i]) is not null)
                return _header.Last[i];
        }

        return null;
    }

    internal bool Contains(Ip address) => PageOf(AddressTable, address.Number).Contains(address.Number);

    /// <summary>Where the line of an address is.</summary>
    internal uint? OffsetOf(Ip address)
    {
        List<uint> found = [];
        PageOf(AddressTable, address.Number).CollectOffsets(address.Number, found);
        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>Where the lines of a holder may be: other holders can have the same key.</summary>
    internal List<uint> OffsetsOf(ReadOnlySpan<byte> holder)
    {
        List<uint> found = [];
        var key = KeyOf(holder);
        PageOf(HolderTable, key).CollectOffsets(key, found);
        found.Sort();
        return found;
    }

    /// <returns>False when a page is full: build it anew.</returns>
    internal bool TryAdd(IReadOnlyList<(Lease Lease, uint Offset)> leases, JournalStamp stamp, IReadOnlyList<RangeSet> sets)
    {
        foreach (var (lease, offset) in leases)
        {
            var key = KeyOf(lease.Holder.Span);
            if (!PageOf(AddressTable, lease.Address.Number).TryAdd(lease.Address.Number, offset) || !PageOf(HolderTable, key).TryAdd(key, offset))
                return false;
            _header.Remember(lease.Address, sets);
        }

        _header.Live += leases.Count;
        Save(leases, stamp);
        return true;
    }

    internal void Remove(IReadOnlyList<(Lease Lease, uint Offset)> leases, JournalStamp stamp)
    {
        foreach (var (lease, offset) in leases)
        {
            var key = KeyOf(lease.Holder.Span);
            PageOf(AddressTable, lease.Address.Number).Remove(lease.Address.Number, offset);
            PageOf(HolderTable, key).Remove(key, offset);
        }

        _header.Live -= leases.Count;
        Save(leases, stamp);
    }

    public void Dispose() => _file.Dispose();

    private const int AddressTable = 0, HolderTable = 1;

    private void Save(IReadOnlyList<(Lease Lease, uint Offset)> changed, JournalStamp stamp)
    {
        foreach (var number in changed.SelectMany(item => (long[])[NumberOf(AddressTable, item.Lease.Address.Number, _header.Pages), NumberOf(HolderTable, KeyOf(item.Lease.Holder.Span), _header.Pages)]).Distinct())
            _pages[number].Write(_file);
        _header.Records += changed.Count;
        _header.Stamp = stamp;
        RandomAccess.Write(_file, _header.ToBytes(), 0);
    }

    private IndexPage PageOf(int table, UInt128 key)
    {
        var number = NumberOf(table, key, _header.Pages);
        if (!_pages.TryGetValue(number, out var page))
            _pages[number] = page = IndexPage.Read(_file, number);
        return page;
    }

    private static IndexPage[]? TryFill(int pages, JournalContent content)
    {
        var filled = new IndexPage[2 * pages];
        for (var i = 0; i < filled.Length; i++)
            filled[i] = new IndexPage(FirstPage + i);
        foreach (var (lease, offset) in content.Leases.Values)
        {
            var key = KeyOf(lease.Holder.Span);
            if (!filled[NumberOf(AddressTable, lease.Address.Number, pages) - FirstPage].TryAdd(lease.Address.Number, offset)
                || !filled[NumberOf(HolderTable, key, pages) - FirstPage].TryAdd(key, offset))
                return null;
        }

        return filled;
    }

    // Not synced: after a power failure the boot is another one, and all of it void.
    private static LeaseIndex Write(string path, IndexHeader header, IndexPage[] pages)
    {
        var bytes = new byte[(FirstPage + pages.Length) * IndexPage.Size];
        for (var i = 0; i < pages.Length; i++)
            pages[i].Seal().CopyTo(bytes.AsSpan((FirstPage + i) * IndexPage.Size));
        header.ToBytes().CopyTo(bytes.AsSpan());
        var temporary = path + ".new";
        var file = FileDescriptor.Open(temporary, write: true, create: true);
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, bytes, 0);
        File.Move(temporary, path, overwrite: true);
        return new LeaseIndex(file, header);
    }

    private static long NumberOf(int table, UInt128 key, int pages) => FirstPage + (table * pages) + (long)(Mixed((ulong)key ^ (ulong)(key >> 64)) & (ulong)(pages - 1));

    private static UInt128 NumberOf(string bootId)
    {
        Span<byte> bytes = stackalloc byte[16];
        return Guid.TryParse(bootId, out var id) && id.TryWriteBytes(bytes) ? BinaryPrimitives.ReadUInt128LittleEndian(bytes) : KeyOf(System.Text.Encoding.UTF8.GetBytes(bootId));
    }

    // FNV-1a from two beginnings, each with a final mix; equal keys are told apart in the journal.
    private static UInt128 KeyOf(ReadOnlySpan<byte> holder)
    {
        ulong high = 14695981039346656037, low = 0x9e3779b97f4a7c15;
        foreach (var b in holder)
        {
            high = (high ^ b) * 1099511628211;
            low = (low ^ b) * 1099511628211;
        }

        return new UInt128(Mixed(high), Mixed(low));
    }

    private static ulong Mixed(ulong hash)
    {
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
        return hash ^ (hash >> 33);
    }
}
