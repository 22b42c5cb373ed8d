using Network.Dns.Wire;

namespace Network.Dns.Hot;

/// <summary>A name that exists, with its records; without any it is an empty node above others. Never changes.</summary>
internal sealed class NameEntry(byte[] name, params RecordSet[] sets)
{
    /// <summary>Folded, on the wire.</summary>
    internal byte[] Name { get; } = name;

    internal ulong Hash { get; } = WireName.HashOf(name);

    internal IReadOnlyList<RecordSet> Sets => sets;

    /// <summary>The name ends in the cluster's zone; else it is a reverse name, and only ours as far as we have records.</summary>
    internal required bool InZone { get; init; }

    internal RecordSet? Find(RecordType type)
    {
        foreach (var set in sets)
        {
            if (set.Type == type)
                return set;
        }

        return null;
    }

    internal bool SameAs(NameEntry other)
    {
        if (sets.Length != other.Sets.Count || !Name.AsSpan().SequenceEqual(other.Name))
            return false;
        for (var i = 0; i < sets.Length; i++)
        {
            if (!sets[i].Equals(other.Sets[i]))
                return false;
        }

        return true;
    }
}
