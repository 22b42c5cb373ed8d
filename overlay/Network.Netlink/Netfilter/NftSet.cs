namespace Network.Netlink.Netfilter;

/// <summary>A set, or a map when it has data.</summary>
public sealed record NftSet(NftFamily Family, string Table, string Name)
{
    /// <summary>Types of the key's fields (<see cref="NftTypes"/>), more than one for a concatenation.</summary>
    public IReadOnlyList<uint> Key { get; init; } = [];

    /// <summary>Types of the data's fields; <see cref="NftTypes.Verdict"/> alone for a verdict map; empty for a set.</summary>
    public IReadOnlyList<uint> Data { get; init; } = [];

    /// <summary>Elements are ranges.</summary>
    public bool Interval { get; init; }

    /// <summary>Elements may have a time to live.</summary>
    public bool HasTimeout { get; init; }

    /// <summary>Time to live of elements that bring none; zero for none.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>Rules add elements.</summary>
    public bool Dynamic { get; init; }

    /// <summary>Each element counts its packets.</summary>
    public bool Counter { get; init; }

    /// <summary>Most elements; 0 for no limit.</summary>
    public uint Size { get; init; }

    public string? Comment { get; init; }

    public ulong Handle { get; init; }

    public bool IsMap => Data.Count > 0;

    /// <summary>Bytes of a key.</summary>
    public int KeyLength => LengthOf(Key);

    public bool Equals(NftSet? other) => other is not null && Family == other.Family && Table == other.Table && Name == other.Name
        && Key.SequenceEqual(other.Key) && Data.SequenceEqual(other.Data) && Interval == other.Interval && HasTimeout == other.HasTimeout
        && Timeout == other.Timeout && Dynamic == other.Dynamic && Counter == other.Counter && Size == other.Size && Comment == other.Comment && Handle == other.Handle;

    public override int GetHashCode() => HashCode.Combine(Family, Table, Name);

    public override string ToString() => $"{Family.ToString().ToLowerInvariant()} {Table} {Name}";

    internal static int LengthOf(IReadOnlyList<uint> fields) =>
        fields.Count == 1 ? NftTypes.SizeOf(fields[0]) : fields.Sum(field => NftValue.Padded(NftTypes.SizeOf(field)));
}
