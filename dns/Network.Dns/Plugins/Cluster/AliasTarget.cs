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
        ? RawRecords.Of(raw, section: 1).Where(record => record.Type is RecordType.A or RecordType.AAAA).Select(record => record with { Owner = target, WireOwner = null })
        : answer.Answers.Select(record => record.Owner is null ? record with { Owner = target } : record);
}
