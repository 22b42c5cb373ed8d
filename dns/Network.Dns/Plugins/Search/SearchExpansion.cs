using Network.Dns.Wire;

namespace Network.Dns.Plugins.Search;

/// <summary>
/// With ndots:5 a pod asks for example.com first as example.com.NAMESPACE.svc.ZONE, then by every other suffix of its search
/// list, and at last as it is. This server knows the pod by its address, walks the list itself at the first of these questions
/// and gives the final answer at once, under the name that was asked for: no alias appears that the pod did not ask for.
/// </summary>
public sealed class SearchExpansion(PodDirectory pods)
{
    /// <summary>Whether a question for a name that does not exist is the first of such a series.</summary>
    /// <param name="client">The asker's address, 4 or 16 bytes.</param>
    /// <param name="name">Folded, on the wire.</param>
    internal bool Applies(ReadOnlySpan<byte> client, ReadOnlySpan<byte> name, RecordType type) =>
        type is RecordType.A or RecordType.AAAA && pods.Find(client) is { Expand: true, Searches: [var first, ..] } && BaseLength(name, first) > 0;

    /// <summary>The names to try in order; none when the question is no such one.</summary>
    internal IReadOnlyList<string> Candidates(System.Net.IPAddress client, ReadOnlySpan<byte> name, RecordType type)
    {
        if (type is not (RecordType.A or RecordType.AAAA) || pods.Find(client) is not { Expand: true, Searches: [var first, ..] searches })
            return [];
        var length = BaseLength(name, first);
        if (length == 0)
            return [];
        var bare = WireName.ToText([.. name[..length], 0]);
        var suffixed = searches.Skip(1).Select(search => $"{bare}.{search}").Where(candidate => candidate.Length < DnsName.MaxWireLength - 1);
        // A single label is a service's short name, or a typing error: no upstream has to hear of it on the server's own account.
        return bare.Contains('.') ? [.. suffixed, bare] : [.. suffixed];
    }

    // Bytes of the labels before the suffix. A label of one's own namespace's services was looked up already.
    private static int BaseLength(ReadOnlySpan<byte> name, string suffix)
    {
        Span<byte> wire = stackalloc byte[WireName.ScratchLength];
        var length = Encode(suffix, wire);
        var start = name.Length - length;
        if (length == 0 || start <= 0)
            return 0;
        var at = 0;
        while (at < start)
            at += name[at] + 1;
        return at == start && name[start..].SequenceEqual(wire[..length]) ? start : 0;
    }

    private static int Encode(string name, Span<byte> wire)
    {
        if (name.Length == 0 || name.Length > DnsName.MaxWireLength - 2)
            return 0;
        var label = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            if (i < name.Length && name[i] != '.')
            {
                wire[i + 1] = (byte)char.ToLowerInvariant(name[i]);
                continue;
            }

            if (i - label is 0 or > 63)
                return 0;
            wire[label] = (byte)(i - label);
            label = i + 1;
        }

        wire[name.Length + 1] = 0;
        return name.Length + 2;
    }
}
