using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Cni.Ipam.Journal;

/// <summary>
/// Who has which address, as a text file that is only appended to and synced:
/// <code>
/// podnet-leases 1 {boot id} {crc}
/// + 10.244.1.2 {container id} {interface} {crc}
/// - 10.244.1.2 {container id} {interface} {crc}
/// </code>
/// A line that was cut short by a crash is the last one and is dropped. Leases of another boot are void: their veths
/// are gone, so their addresses are free (the leak that host-local users script around). An index beside it answers the
/// questions of a call; without one that fits, the file is read from the beginning. Used under the pool's lock.
/// </summary>
internal sealed class LeaseJournal : IDisposable
{
    // Rewritten once dead records outnumber live ones by this.
    private const int Slack = 512;
    private readonly string _path;
    private readonly string _bootId;
    private readonly IReadOnlyList<RangeSet> _sets;
    private SafeFileHandle _file;
    private LeaseIndex _index;
    private long _length;

    internal LeaseJournal(string path, string bootId, IReadOnlyList<RangeSet> sets)
    {
        _path = path;
        _bootId = bootId;
        _sets = sets;
        _file = FileDescriptor.Open(path, write: true, create: true);
        try
        {
            var stamp = StampOf(_file);
            _length = stamp.Length;
            var index = LeaseIndex.TryOpen(IndexPath, bootId, stamp);
            _index = index is not null && index.Records <= (2 * index.Live) + Slack ? index : Rebuild(index);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Every lease, read from the file.</summary>
    internal IReadOnlyList<Lease> Leases => [.. JournalContent.Read(_file, _path, _bootId).Leases.Values.Select(item => item.Lease)];

    internal int Count => _index.Live;

    private string IndexPath => _path + ".index";

    internal Ip? LastOf(RangeSet set) => _index.LastOf(set);

    internal bool Contains(Ip address) => Ask(index => index.Contains(address));

    /// <summary>Who has an address.</summary>
    internal Lease? Find(Ip address) => Ask(index => index.OffsetOf(address) is { } offset ? ReadLease(offset) : (Lease?)null);

    /// <summary>What somebody has.</summary>
    internal IReadOnlyList<Lease> Find(ReadOnlyMemory<byte> holder) => Ask(index =>
    {
        var offsets = index.OffsetsOf(holder.Span);
        return offsets.Count == 0 ? [] : offsets.Select(ReadLease).Where(lease => lease.Holder.Span.SequenceEqual(holder.Span)).ToList();
    });

    /// <summary>One write and one sync for all addresses of a pod.</summary>
    internal void Grant(IReadOnlyList<Lease> leases)
    {
        var added = Append('+', leases);
        Follow(index => index.TryAdd(added, StampOf(_file), _sets));
    }

    internal void Release(IReadOnlyList<Lease> leases)
    {
        var released = leases.Select(lease => (lease, Ask(index => index.OffsetOf(lease.Address)) ?? 0)).ToList();
        Append('-', leases);
        Follow(index =>
        {
            index.Remove(released, StampOf(_file));
            return true;
        });
    }

    public void Dispose()
    {
        _file.Dispose();
        _index.Dispose();
    }

    // The journal is what counts: with an index that does not fit it, the same is asked of a new one.
    private T Ask<T>(Func<LeaseIndex, T> question)
    {
        try
        {
            return question(_index);
        }
        catch (InvalidDataException)
        {
            _index = Rebuild(_index);
            return question(_index);
        }
    }

    // An index that cannot follow what the journal holds by now is built anew.
    private void Follow(Func<LeaseIndex, bool> change)
    {
        try
        {
            if (change(_index))
                return;
        }
        catch (InvalidDataException)
        {
            // A damaged page, as for questions.
        }

        _index = Rebuild(_index);
    }

    private Lease ReadLease(uint offset)
    {
        var buffer = new byte[512];
        for (; ; Array.Resize(ref buffer, 4 * buffer.Length))
        {
            var line = buffer.AsMemory(0, RandomAccess.Read(_file, buffer, offset));
            if (line.Span.IndexOf((byte)'\n') is var end and >= 0)
                return JournalRecord.TryUnseal(line[..end], out var text) && JournalRecord.TryParse(text, out var record) && record.IsGrant
                    ? record.Lease
                    : throw new InvalidDataException($"no grant at byte {offset} of {_path}");
            if (line.Length < buffer.Length)
                throw new InvalidDataException($"no line at byte {offset} of {_path}");
        }
    }

    private List<(Lease Lease, uint Offset)> Append(char kind, IReadOnlyList<Lease> leases)
    {
        var text = new ArrayBufferWriter<byte>();
        List<(Lease, uint)> written = [];
        foreach (var lease in leases)
        {
            written.Add((lease, (uint)(_length + text.WrittenCount)));
            text.Write(JournalRecord.Seal(JournalRecord.TextOf(kind, lease)));
        }

        RandomAccess.Write(_file, text.WrittenSpan, _length);
        RandomAccess.FlushToDisk(_file);
        _length += text.WrittenCount;
        return written;
    }

    private LeaseIndex Rebuild(LeaseIndex? former)
    {
        former?.Dispose();
        var content = JournalContent.Read(_file, _path, _bootId);
        if (!content.IsInForce || content.Records > (2 * content.Leases.Count) + Slack)
        {
            Rewrite(content);
            content = JournalContent.Read(_file, _path, _bootId);
        }
        else if (content.Length < RandomAccess.GetLength(_file))
        {
            RandomAccess.SetLength(_file, content.Length);
        }

        _length = content.Length;
        return LeaseIndex.Build(IndexPath, _bootId, content, StampOf(_file), _sets);
    }

    // A complete new file takes the old one's place at once, so a crash leaves one or the other.
    private void Rewrite(JournalContent content)
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write(JournalRecord.Seal($"podnet-leases 1 {_bootId}"));
        // Round robin goes on behind the newest address of each set, even when it has been released since.
        var last = _sets.Select(set => content.Granted.FindLast(address => set.RangeOf(address) is not null)).Where(address => address != default).Distinct().ToList();
        foreach (var (lease, _) in content.Leases.Values)
        {
            if (!last.Contains(lease.Address))
                text.Write(JournalRecord.Seal(JournalRecord.TextOf('+', lease)));
        }

        foreach (var address in last)
        {
            var held = content.Leases.TryGetValue(address, out var item);
            var lease = held ? item.Lease : new Lease(address, "- -"u8.ToArray());
            text.Write(JournalRecord.Seal(JournalRecord.TextOf('+', lease)));
            if (!held)
                text.Write(JournalRecord.Seal(JournalRecord.TextOf('-', lease)));
        }

        var temporary = _path + ".new";
        _file.Dispose();
        _file = FileDescriptor.Open(temporary, write: true, create: true);
        RandomAccess.SetLength(_file, 0);
        RandomAccess.Write(_file, text.WrittenSpan, 0);
        RandomAccess.FlushToDisk(_file);
        File.Move(temporary, _path, overwrite: true);
        FileDescriptor.Sync(Path.GetDirectoryName(_path)!);
    }

    private static JournalStamp StampOf(SafeFileHandle file)
    {
        Span<byte> tail = stackalloc byte[16];
        tail.Clear();
        var (length, written) = FileDescriptor.State(file);
        RandomAccess.Read(file, tail, Math.Max(0, length - tail.Length));
        return new JournalStamp(length, written, BinaryPrimitives.ReadUInt128LittleEndian(tail));
    }
}
