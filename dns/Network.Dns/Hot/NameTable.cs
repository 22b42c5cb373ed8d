namespace Network.Dns.Hot;

/// <summary>
/// Names by hash. One writer at a time; readers take no lock and see each name before or after its change, never between.
/// A change costs the length of one chain, whatever the number of names; the table doubles when it is full.
/// </summary>
internal sealed class NameTable
{
    private readonly Lock _writing = new();
    private Node?[] _buckets = new Node?[1024];

    internal int Count { get; private set; }

    internal NameEntry? Find(ulong hash, ReadOnlySpan<byte> name)
    {
        var buckets = Volatile.Read(ref _buckets);
        for (var node = Volatile.Read(ref buckets[hash & (ulong)(buckets.Length - 1)]); node is not null; node = node.Next)
        {
            if (node.Entry.Hash == hash && node.Entry.Name.AsSpan().SequenceEqual(name))
                return node.Entry;
        }

        return null;
    }

    internal NameEntry? Find(byte[] name) => Find(Wire.WireName.HashOf(name), name);

    /// <summary>Adds or replaces.</summary>
    /// <returns>False when the same entry was there already.</returns>
    internal bool Put(NameEntry entry)
    {
        lock (_writing)
        {
            ref var bucket = ref _buckets[entry.Hash & (ulong)(_buckets.Length - 1)];
            var old = Find(entry.Hash, entry.Name);
            if (old?.SameAs(entry) == true)
                return false;
            Volatile.Write(ref bucket, new Node(entry, old is null ? bucket : Without(bucket, old)));
            if (old is null && ++Count > _buckets.Length)
                Grow();
            return true;
        }
    }

    internal bool Remove(byte[] name)
    {
        lock (_writing)
        {
            if (Find(name) is not { } old)
                return false;
            ref var bucket = ref _buckets[old.Hash & (ulong)(_buckets.Length - 1)];
            Volatile.Write(ref bucket, Without(bucket, old));
            Count--;
            return true;
        }
    }

    internal IEnumerable<NameEntry> All()
    {
        foreach (var bucket in Volatile.Read(ref _buckets))
        {
            for (var node = bucket; node is not null; node = node.Next)
                yield return node.Entry;
        }
    }

    private static Node? Without(Node? node, NameEntry entry) =>
        node is null ? null : node.Entry == entry ? node.Next : new Node(node.Entry, Without(node.Next, entry));

    private void Grow()
    {
        var larger = new Node?[_buckets.Length * 2];
        foreach (var entry in All())
        {
            ref var bucket = ref larger[entry.Hash & (ulong)(larger.Length - 1)];
            bucket = new Node(entry, bucket);
        }

        Volatile.Write(ref _buckets, larger);
    }

    private sealed record Node(NameEntry Entry, Node? Next);
}
