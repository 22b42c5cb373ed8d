using Network.Dns.Hot;
using Network.Dns.Plugins;
using Network.Dns.Wire;

namespace Network.Dns;

/// <summary>A zone with the plugins that answer it.</summary>
/// <param name="Zone">Lower case without the final dot; empty for all names.</param>
internal sealed record DnsBlock(string Zone, IReadOnlyList<IDnsPlugin> Plugins)
{
    internal byte[] WireZone { get; } = WireName.Of(Zone);

    internal HotPath Hot { get; } = new(Plugins);

    internal Chain Chain { get; } = new(Plugins);
}

/// <summary>The blocks of one address; a name belongs to the one with the longest zone.</summary>
internal sealed class DnsBlocks(IEnumerable<DnsBlock> blocks)
{
    private readonly DnsBlock[] _blocks = blocks.OrderByDescending(block => block.WireZone.Length).ToArray();

    internal IReadOnlyList<DnsBlock> All => _blocks;

    internal bool IsSame(DnsBlocks other) => _blocks.SequenceEqual(other._blocks);

    /// <param name="name">Folded, on the wire.</param>
    internal DnsBlock? Find(ReadOnlySpan<byte> name)
    {
        foreach (var block in _blocks)
        {
            if (block.WireZone.Length == 1 || IsWithin(name, block.WireZone))
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
