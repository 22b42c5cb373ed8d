using System.Buffers.Binary;
using System.Security.Cryptography;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Tsig;

/// <summary>What is hashed, and with what (RFC 8945 4.3, 6). Pure.</summary>
internal static class TsigMac
{
    private static readonly (byte[] Name, HashAlgorithmName Hash, int Length)[] s_algorithms =
    [
        (WireName.Of("hmac-sha256"), HashAlgorithmName.SHA256, 32), (WireName.Of("hmac-sha384"), HashAlgorithmName.SHA384, 48),
        (WireName.Of("hmac-sha512"), HashAlgorithmName.SHA512, 64), (WireName.Of("hmac-sha1"), HashAlgorithmName.SHA1, 20),
    ];

    /// <summary>Bytes of a whole MAC; 0 for an algorithm that is not known here (MD5 is not, RFC 8945 6).</summary>
    internal static int LengthOf(byte[] algorithm) => Find(algorithm).Length;

    /// <summary>Of a question: the message as it was before its TSIG record, and the record's own fields.</summary>
    internal static byte[] OfQuestion(byte[] secret, TsigRecord record, ReadOnlySpan<byte> message)
    {
        var plain = message[..record.Start].ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(plain, record.OriginalId);
        BinaryPrimitives.WriteUInt16BigEndian(plain.AsSpan(10), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(plain.AsSpan(10)) - 1));
        using var hash = IncrementalHash.CreateHMAC(Find(record.Algorithm).Hash, secret);
        hash.AppendData(plain);
        AppendVariables(hash, record, record.Time, 0, []);
        return hash.GetHashAndReset();
    }

    /// <summary>Of an answer: the question's MAC stands before it; behind the first message of many, only the times stand after it.</summary>
    internal static byte[] OfAnswer(byte[] secret, TsigRecord record, ReadOnlySpan<byte> formerMac, ReadOnlySpan<byte> message, ulong time, ushort error, ReadOnlySpan<byte> other, bool isFirst)
    {
        using var hash = IncrementalHash.CreateHMAC(Find(record.Algorithm).Hash, secret);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(number, (ushort)formerMac.Length);
        hash.AppendData(number[..2]);
        hash.AppendData(formerMac);
        hash.AppendData(message);
        if (isFirst)
        {
            AppendVariables(hash, record, time, error, other);
            return hash.GetHashAndReset();
        }

        WriteTimes(number, time, record.Fudge);
        hash.AppendData(number);
        return hash.GetHashAndReset();
    }

    /// <summary>48 bits of time and 16 of fudge.</summary>
    internal static void WriteTimes(Span<byte> to, ulong time, ushort fudge)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, time << 16);
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], fudge);
    }

    private static void AppendVariables(IncrementalHash hash, TsigRecord record, ulong time, ushort error, ReadOnlySpan<byte> other)
    {
        Span<byte> times = stackalloc byte[8];
        WriteTimes(times, time, record.Fudge);
        hash.AppendData(record.KeyName);
        // Class ANY, TTL 0.
        hash.AppendData([0, 255, 0, 0, 0, 0]);
        hash.AppendData(record.Algorithm);
        hash.AppendData(times);
        hash.AppendData([(byte)(error >> 8), (byte)error, (byte)(other.Length >> 8), (byte)other.Length]);
        hash.AppendData(other);
    }

    private static (byte[] Name, HashAlgorithmName Hash, int Length) Find(byte[] algorithm) => s_algorithms.FirstOrDefault(known => known.Name.AsSpan().SequenceEqual(algorithm));
}
