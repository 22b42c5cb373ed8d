using System.Buffers.Binary;
using System.Text;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cluster;

/// <summary>Asking on for the target of an ExternalName.</summary>
internal static class AliasTarget
{
    /// <summary>The dotted, lower-case name a CNAME record points at.</summary>
    internal static string Of(ResourceRecord alias)
    {
        var name = new StringBuilder();
        for (var at = 0; alias.Data[at] != 0; at += alias.Data[at] + 1)
            name.Append(name.Length == 0 ? "" : ".").Append(Encoding.UTF8.GetString(alias.Data, at + 1, alias.Data[at]));
        return name.ToString().ToLowerInvariant();
    }

    internal static byte[] Question(string name, RecordType type)
    {
        var encoded = DnsName.Encode(name);
        var question = new byte[encoded.Length + 4];
        encoded.CopyTo(question, 0);
        BinaryPrimitives.WriteUInt16BigEndian(question.AsSpan(encoded.Length), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(question.AsSpan(encoded.Length + 2), 1);
        return question;
    }

    /// <summary>The answer's address records under the target's name, also out of an upstream's finished message.</summary>
    internal static IEnumerable<ResourceRecord> Owned(DnsAnswer answer, string target) => answer.Raw is { } raw
        ? AddressesOf(raw, target)
        : answer.Answers.Select(record => record.Owner is null ? record with { Owner = target } : record);

    private static List<ResourceRecord> AddressesOf(ReadOnlySpan<byte> message, string target)
    {
        var records = new List<ResourceRecord>();
        var count = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
        var offset = DnsQuery.HeaderLength;
        if (!DnsName.TrySkip(message, ref offset))
            return records;
        offset += 4;
        for (var i = 0; i < count; i++)
        {
            if (!DnsName.TrySkip(message, ref offset) || offset + 10 > message.Length)
                break;
            var type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(message[offset..]);
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(offset + 4)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(offset + 8)..]);
            offset += 10;
            if (offset + length > message.Length)
                break;
            if (type is RecordType.A or RecordType.AAAA)
                records.Add(new ResourceRecord(target, type, ttl, message.Slice(offset, length).ToArray()));
            offset += length;
        }

        return records;
    }
}
