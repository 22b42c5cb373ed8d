using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Network.Netlink;

/// <summary>A Curve25519 key of WireGuard: 32 bytes, written in base64. Comparing takes the same time whatever the bytes.</summary>
public readonly struct WireGuardKey : IEquatable<WireGuardKey>
{
    public const int Size = 32;
    private readonly byte[]? _bytes;

    private WireGuardKey(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes ?? new byte[Size];

    public static bool TryRead(ReadOnlySpan<byte> bytes, out WireGuardKey key)
    {
        key = bytes.Length == Size ? new WireGuardKey(bytes.ToArray()) : default;
        return bytes.Length == Size;
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out WireGuardKey key)
    {
        key = default;
        Span<byte> bytes = stackalloc byte[Size];
        return text is { Length: 44 } && Convert.TryFromBase64String(text, bytes, out var length) && TryRead(bytes[..length], out key);
    }

    /// <summary>A new private key: random, then clamped (RFC 7748, section 5).</summary>
    public static WireGuardKey NewPrivate()
    {
        var bytes = RandomNumberGenerator.GetBytes(Size);
        bytes[0] &= 248;
        bytes[31] = (byte)((bytes[31] & 127) | 64);
        return new WireGuardKey(bytes);
    }

    public bool Equals(WireGuardKey other) => CryptographicOperations.FixedTimeEquals(Bytes, other.Bytes);

    public override bool Equals(object? obj) => obj is WireGuardKey other && Equals(other);

    public override int GetHashCode() => BitConverter.ToInt32(Bytes);

    public override string ToString() => Convert.ToBase64String(Bytes);

    public static bool operator ==(WireGuardKey left, WireGuardKey right) => left.Equals(right);

    public static bool operator !=(WireGuardKey left, WireGuardKey right) => !left.Equals(right);
}
