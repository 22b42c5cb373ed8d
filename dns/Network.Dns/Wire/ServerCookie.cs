using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Network.Dns.Wire;

/// <summary>
/// Server cookies (RFC 7873) in the common form of RFC 9018: version, time and a SipHash-2-4 over them, the client's cookie and its
/// address. They let askers recognise forged answers; nothing is refused for the lack of one.
/// </summary>
public static class ServerCookie
{
    /// <summary>Client's 8 bytes and ours.</summary>
    public const int Length = 24;

    private static readonly (ulong First, ulong Second) s_key = NewKey();

    /// <summary>Writes the 24 bytes of a full cookie.</summary>
    public static void Write(ReadOnlySpan<byte> clientCookie, ReadOnlySpan<byte> clientAddress, uint unixTime, Span<byte> cookie)
    {
        clientCookie.CopyTo(cookie);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[8..], 0x0100_0000);
        BinaryPrimitives.WriteUInt32BigEndian(cookie[12..], unixTime);
        Span<byte> input = stackalloc byte[32];
        cookie[..16].CopyTo(input);
        clientAddress.CopyTo(input[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(cookie[16..], SipHash(s_key, input[..(16 + clientAddress.Length)]));
    }

    /// <summary>SipHash-2-4 (Aumasson, Bernstein 2012).</summary>
    internal static ulong SipHash((ulong First, ulong Second) key, ReadOnlySpan<byte> input)
    {
        var (v0, v1) = (key.First ^ 0x736f6d6570736575, key.Second ^ 0x646f72616e646f6d);
        var (v2, v3) = (key.First ^ 0x6c7967656e657261, key.Second ^ 0x7465646279746573);
        var last = (ulong)input.Length << 56;
        for (; input.Length >= 8; input = input[8..])
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(input);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
        }

        for (var i = 0; i < input.Length; i++)
            last |= (ulong)input[i] << (8 * i);
        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;
        v2 ^= 0xFF;
        for (var i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }

    private static (ulong First, ulong Second) NewKey()
    {
        Span<byte> key = stackalloc byte[16];
        RandomNumberGenerator.Fill(key);
        return (BinaryPrimitives.ReadUInt64LittleEndian(key), BinaryPrimitives.ReadUInt64LittleEndian(key[8..]));
    }
}
