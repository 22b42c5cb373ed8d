using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Network.Cni.Protocol;
using Network.Linux;

namespace Network.Cni.Ipam;

/// <summary>
/// Who has which address, as a text file that is only appended to and synced:
/// <code>
/// podnet-leases 1 {boot id} {crc}
/// + 10.244.1.2 {container id} {interface} {crc}
/// - 10.244.1.2 {container id} {interface} {crc}
/// </code>
/// A line that was cut short by a crash is the last one and is dropped. Leases of another boot are void: their veths
/// are gone, so their addresses are free (the leak that host-local users script around). Used under the pool's lock.
/// </summary>
internal sealed class LeaseJournal : IDisposable
{
    // Rewritten once dead records outnumber live ones by this.
    private const int Slack = 512;
    private const int SealLength = 9;
    private readonly string _path;
    private readonly IReadOnlyList<RangeSet> _sets;
    private readonly Ip?[] _last;
    private readonly Dictionary<Ip, Lease> _leases;
    private SafeFileHandle _file;
    private long _length;
    private int _records;

    internal LeaseJournal(string path, string bootId, IReadOnlyList<RangeSet> sets)
    {
        _path = path;
        _sets = sets;
        _last = new Ip?[sets.Count];
        _file = FileDescriptor.Open(path, write: true, create: true);
        var bytes = new byte[RandomAccess.GetLength(_file)];
        var count = RandomAccess.Read(_file, bytes, 0);
        const int usualRecord = 96;
        _leases = new Dictionary<Ip, Lease>(count / usualRecord);
        if (!TryLoad(bytes.AsMemory(0, count), bootId) || _records > (2 * _leases.Count) + Slack)
            Rewrite(bootId);
    }

    internal IReadOnlyDictionary<Ip, Lease> Leases => _leases;

    /// <summary>The address granted most recently out of a set; null when none was.</summary>
    internal Ip? LastOf(int set) => _last[set];

    /// <summary>One write and one sync for all addresses of a pod.</summary>
    internal void Grant(IReadOnlyList<Lease> leases)
    {
        Append('+', leases);
        foreach (var lease in leases)
            Take(lease);
    }

    internal void Release(IReadOnlyList<Lease> leases)
    {
        Append('-', leases);
        foreach (var lease in leases)
            _leases.Remove(lease.Address);
    }

    public void Dispose() => _file.Dispose();

    private void Take(Lease lease)
    {
        _leases[lease.Address] = lease;
        for (var i = 0; i < _last.Length; i++)
        {
            if (_sets[i].RangeOf(lease.Address) is not null)
                _last[i] = lease.Address;
        }
    }

    private bool TryLoad(ReadOnlyMemory<byte> text, string bootId)
    {
        var line = 0;
        while (text.Span.IndexOf((byte)'\n') is var end and >= 0)
        {
            if (!TryUnseal(text[..end], out var record))
            {
                // Only the newest line can be half-written; a bad one with others after it is damage of another kind.
                if (text.Length == end + 1)
                    break;
                throw new CniException(CniError.JournalDamaged,
                    $"line {line + 1} of {_path} is damaged; remove the file when no pod runs on this node, or restore that line");
            }

            if (line++ == 0)
            {
                if (!record.Span.SequenceEqual(Encoding.UTF8.GetBytes($"podnet-leases 1 {bootId}")))
                    return false;
            }
            else
            {
                Apply(record);
            }

            _length += end + 1;
            text = text[(end + 1)..];
        }

        if (!text.IsEmpty)
            RandomAccess.SetLength(_file, _length);
        return line > 0;
    }

    private void Apply(ReadOnlyMemory<byte> record)
    {
        var span = record.Span;
        var space = span.Length > 2 && span[1] == ' ' ? span[2..].IndexOf((byte)' ') : -1;
        if (space < 0 || !Ip.TryParse(span.Slice(2, space), out var address) || !span[(space + 3)..].Contains((byte)' '))
            throw new CniException(CniError.JournalDamaged,
                $"{_path} holds a record of another format: \"{Encoding.UTF8.GetString(span)}\"; remove the file when no pod runs on this node");
        _records++;
        if (span[0] == '+')
            Take(new Lease(address, record[(space + 3)..]));
        else
            _leases.Remove(address);
    }

    private void Append(char kind, IReadOnlyList<Lease> leases)
    {
        var text = new ArrayBufferWriter<byte>();
        foreach (var lease in leases)
            text.Write(Seal(RecordOf(kind, lease)));
        RandomAccess.Write(_file, text.WrittenSpan, _length);
        RandomAccess.FlushToDisk(_file);
        _length += text.WrittenCount;
    }

    // A complete new file takes the old one's place at once, so a crash leaves one or the other.
    private void Rewrite(string bootId)
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write(Seal($"podnet-leases 1 {bootId}"));
        foreach (var lease in _leases.Values)
        {
            if (!_last.Contains(lease.Address))
                text.Write(Seal(RecordOf('+', lease)));
        }

        foreach (var last in _last)
        {
            // Round robin goes on behind the newest address, even when it has been released since.
            if (last is not { } address)
                continue;
            var held = _leases.TryGetValue(address, out var lease);
            var record = held ? lease : new Lease(address, "- -"u8.ToArray());
            text.Write(Seal(RecordOf('+', record)));
            if (!held)
                text.Write(Seal(RecordOf('-', record)));
        }

        var temporary = _path + ".new";
        _file.Dispose();
        _file = FileDescriptor.Open(temporary, write: true, create: true);
        RandomAccess.SetLength(_file, 0);
        RandomAccess.Write(_file, text.WrittenSpan, 0);
        RandomAccess.FlushToDisk(_file);
        File.Move(temporary, _path, overwrite: true);
        FileDescriptor.Sync(Path.GetDirectoryName(_path)!);
        _length = text.WrittenCount;
    }

    private static string RecordOf(char kind, Lease lease) => $"{kind} {lease.Address} {Encoding.UTF8.GetString(lease.Holder.Span)}";

    private static byte[] Seal(string record)
    {
        var bytes = Encoding.UTF8.GetBytes($"{record} 00000000\n");
        Utf8Formatter.TryFormat(Checksum(bytes.AsSpan(0, bytes.Length - SealLength - 1)), bytes.AsSpan(bytes.Length - SealLength), out _,
            new StandardFormat('x', 8));
        return bytes;
    }

    private static bool TryUnseal(ReadOnlyMemory<byte> line, out ReadOnlyMemory<byte> record)
    {
        record = default;
        if (line.Length <= SealLength || line.Span[^SealLength] != ' '
            || !Utf8Parser.TryParse(line.Span[^(SealLength - 1)..], out uint given, out var consumed, 'x') || consumed != SealLength - 1
            || given != Checksum(line.Span[..^SealLength]))
            return false;
        record = line[..^SealLength];
        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
