using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
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
    private readonly string _path;
    private readonly Dictionary<uint, Lease> _leases = [];
    private SafeFileHandle _file;
    private long _length;
    private int _records;

    internal LeaseJournal(string path, string bootId)
    {
        _path = path;
        _file = FileDescriptor.Open(path, write: true, create: true);
        var bytes = new byte[RandomAccess.GetLength(_file)];
        var count = RandomAccess.Read(_file, bytes, 0);
        if (!TryLoad(bytes.AsSpan(0, count), bootId))
            Rewrite(bootId);
        else if (_records > (2 * _leases.Count) + Slack)
            Rewrite(bootId);
    }

    internal IReadOnlyDictionary<uint, Lease> Leases => _leases;

    /// <summary>Highest preference for reuse comes last: the address granted most recently; 0 when none was.</summary>
    internal uint LastGranted { get; private set; }

    internal void Grant(Lease lease)
    {
        Append('+', lease);
        _leases[lease.Address] = lease;
        LastGranted = lease.Address;
    }

    internal void Release(Lease lease)
    {
        Append('-', lease);
        _leases.Remove(lease.Address);
    }

    public void Dispose() => _file.Dispose();

    private bool TryLoad(ReadOnlySpan<byte> text, string bootId)
    {
        var line = 0;
        while (text.IndexOf((byte)'\n') is var end and >= 0)
        {
            var content = Encoding.UTF8.GetString(text[..end]);
            if (!TryUnseal(content, out var record))
            {
                // Only the newest line can be half-written; a bad one with others after it is damage of another kind.
                if (text.Length == end + 1 || line == 0)
                    break;
                throw new CniException(CniError.JournalDamaged,
                    $"line {line + 1} of {_path} is damaged; remove the file when no pod runs on this node, or restore that line");
            }

            if (line++ == 0)
            {
                if (record != $"podnet-leases 1 {bootId}")
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

    private void Apply(string record)
    {
        var fields = record.Split(' ');
        if (fields.Length != 4 || !Subnet.TryParseAddress(fields[1], out var address))
            throw new CniException(CniError.JournalDamaged,
                $"{_path} holds a record of another format: \"{record}\"; remove the file when no pod runs on this node");
        _records++;
        if (fields[0] == "+")
        {
            _leases[address] = new Lease(address, fields[2], fields[3]);
            LastGranted = address;
        }
        else
        {
            _leases.Remove(address);
        }
    }

    private void Append(char kind, Lease lease)
    {
        var bytes = Seal(RecordOf(kind, lease));
        RandomAccess.Write(_file, bytes, _length);
        RandomAccess.FlushToDisk(_file);
        _length += bytes.Length;
    }

    // A complete new file takes the old one's place at once, so a crash leaves one or the other.
    private void Rewrite(string bootId)
    {
        var text = new ArrayBufferWriter<byte>();
        text.Write(Seal($"podnet-leases 1 {bootId}"));
        foreach (var lease in _leases.Values)
        {
            if (lease.Address != LastGranted)
                text.Write(Seal(RecordOf('+', lease)));
        }

        if (LastGranted != 0)
        {
            // Round robin goes on behind the newest address, even when it has been released since.
            var last = _leases.TryGetValue(LastGranted, out var held) ? held : new Lease(LastGranted, "-", "-");
            text.Write(Seal(RecordOf('+', last)));
            if (held == default)
                text.Write(Seal(RecordOf('-', last)));
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

    private static string RecordOf(char kind, Lease lease) => $"{kind} {Subnet.ToAddress(lease.Address)} {lease.ContainerId} {lease.IfName}";

    private static byte[] Seal(string record)
    {
        var bytes = Encoding.UTF8.GetBytes($"{record} 00000000\n");
        Utf8Formatter.TryFormat(Checksum(bytes.AsSpan(0, bytes.Length - 10)), bytes.AsSpan(bytes.Length - 9), out _, new StandardFormat('x', 8));
        return bytes;
    }

    private static bool TryUnseal(string line, out string record)
    {
        record = "";
        if (line.Length < 10 || line[^9] != ' '
            || !uint.TryParse(line.AsSpan(line.Length - 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var given)
            || given != Checksum(Encoding.UTF8.GetBytes(line[..^9])))
            return false;
        record = line[..^9];
        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
