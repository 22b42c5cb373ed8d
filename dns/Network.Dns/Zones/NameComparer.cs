using System.Diagnostics.CodeAnalysis;
using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>Folded names on the wire as keys, also looked up by a span of a packet.</summary>
internal sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    internal static readonly NameComparer Instance = new();

    /// <summary>Any bytes as keys.</summary>
    internal static readonly IEqualityComparer<byte[]> Bytes = EqualityComparer<byte[]>.Create((x, y) => x.AsSpan().SequenceEqual(y), bytes =>
    {
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    });

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => (int)WireName.HashOf(obj);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)WireName.HashOf(alternate);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
