using System.Text;
using Microsoft.Win32.SafeHandles;
using Network.Cni.Protocol;

namespace Network.Cni.Ipam.Journal;

/// <summary>The whole journal, read from its beginning to its end and checked line by line.</summary>
internal sealed class JournalContent
{
    private readonly string _path;

    private JournalContent(string path, int capacity)
    {
        _path = path;
        Leases = new Dictionary<Ip, (Lease, uint)>(capacity);
    }

    /// <summary>What is in force, and where its line begins.</summary>
    internal Dictionary<Ip, (Lease Lease, uint Offset)> Leases { get; }

    /// <summary>Granted addresses in the order of their last grant, released ones too.</summary>
    internal List<Ip> Granted { get; } = [];

    /// <summary>Of whole lines.</summary>
    internal long Length { get; private set; }

    internal int Records { get; private set; }

    /// <summary>False for an empty journal, and for one of another boot, whose leases are void.</summary>
    internal bool IsInForce { get; private set; }

    /// <exception cref="CniException">A line that is not the last one is damaged.</exception>
    internal static JournalContent Read(SafeFileHandle file, string path, string bootId)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var count = RandomAccess.Read(file, bytes, 0);
        const int usualRecord = 96;
        var content = new JournalContent(path, count / usualRecord);
        content.Load(bytes.AsMemory(0, count), $"podnet-leases 1 {bootId}");
        return content;
    }

    private void Load(ReadOnlyMemory<byte> text, string header)
    {
        for (var line = 0; text.Span.IndexOf((byte)'\n') is var end and >= 0; line++)
        {
            if (!JournalRecord.TryUnseal(text[..end], out var record))
            {
                // Only the newest line can be half-written; a bad one with others after it is damage of another kind.
                if (text.Length == end + 1)
                    break;
                throw new CniException(CniError.JournalDamaged,
                    $"line {line + 1} of {_path} is damaged; remove the file when no pod runs on this node, or restore that line");
            }

            if (line > 0)
                Apply(record);
            else if (record.Span.SequenceEqual(Encoding.UTF8.GetBytes(header)))
                IsInForce = true;
            else
                return;
            Length += end + 1;
            text = text[(end + 1)..];
        }
    }

    private void Apply(ReadOnlyMemory<byte> text)
    {
        if (!JournalRecord.TryParse(text, out var record))
            throw new CniException(CniError.JournalDamaged,
                $"{_path} holds a record of another format: \"{Encoding.UTF8.GetString(text.Span)}\"; remove the file when no pod runs on this node");
        Records++;
        if (record.IsGrant)
        {
            Leases[record.Lease.Address] = (record.Lease, (uint)Length);
            Granted.Add(record.Lease.Address);
        }
        else
        {
            Leases.Remove(record.Lease.Address);
        }
    }
}
