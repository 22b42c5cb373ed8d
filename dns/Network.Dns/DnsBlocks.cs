using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Views;
using Network.Dns.Wire;

namespace Network.Dns;

/// <summary>A zone with the plugins that answer it.</summary>
/// <param name="Zone">Lower case without the final dot; empty for all names.</param>
internal sealed record DnsBlock(string Zone, IReadOnlyList<IDnsPlugin> Plugins)
{
    /// <summary>Which questions are this block's; null for all.</summary>
    internal ViewCondition? View { get; init; }

    internal byte[] WireZone { get; } = WireName.Of(Zone);

    internal HotPath Hot { get; } = new(Plugins);

    internal Chain Chain { get; } = new(Plugins);
}

/// <summary>The blocks of one address; a question belongs to the one with the longest zone whose view it is of.</summary>
internal sealed class DnsBlocks(IEnumerable<DnsBlock> blocks)
{
    private readonly DnsBlock[] _blocks = blocks.OrderByDescending(block => block.WireZone.Length).ThenBy(block => block.View is null).ToArray();

    internal IReadOnlyList<DnsBlock> All => _blocks;

    internal bool IsSame(DnsBlocks other) => _blocks.SequenceEqual(other._blocks);

    internal DnsBlock? Find(in ViewQuestion question)
    {
        foreach (var block in _blocks)
        {
            if ((block.WireZone.Length == 1 || IsWithin(question.Name, block.WireZone)) && block.View?.Invoke(question) != false)
                return block;
        }

        return null;
    }

    private static bool IsWithin(ReadOnlySpan<byte> name, ReadOnlySpan<byte> zone)
    {
        var (start, at) = (name.Length - zone.Length, 0);
        while (at < start)
            at += name[at] + 1;
        return at == start && name[start..].SequenceEqual(zone);
    }
}
