using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Tsig;

/// <summary>Puts a TSIG record behind the answers to one question: each is proven together with what came before it (RFC 8945 5.3).</summary>
/// <param name="secret">Null for an answer nobody could prove: it says so by its error alone (RFC 8945 5.2.1, 5.2.2).</param>
internal sealed class TsigSigner(byte[]? secret, TsigRecord question, TsigError error, TimeProvider time) : IAnswerSigner
{
    private byte[] _former = question.Mac;
    private bool _isFirst = true;

    // Owner, type, class, TTL and length; algorithm, times, MAC with its length, id, error, and other data of 6 bytes with its length.
    public int Length => question.KeyName.Length + 10 + question.Algorithm.Length + 8 + 2 + TsigMac.LengthOf(question.Algorithm) + 2 + 2 + 2 + 6;

    public int Sign(Span<byte> buffer, int length)
    {
        var now = (ulong)time.GetUtcNow().ToUnixTimeSeconds();
        // A clock that is wrong is told ours, under the time it gave (RFC 8945 5.2.3).
        var other = error == TsigError.BadTime ? OwnTime(now) : [];
        var signed = error == TsigError.BadTime ? question.Time : now;
        var mac = secret is null ? [] : TsigMac.OfAnswer(secret, question, _former, buffer[..length], signed, (ushort)error, other, _isFirst);
        (_former, _isFirst) = (mac, false);
        var id = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[10..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(buffer[10..]) + 1));
        Span<byte> times = stackalloc byte[8];
        TsigMac.WriteTimes(times, signed, question.Fudge);
        var data = question.Algorithm.Length + 8 + 2 + mac.Length + 6 + other.Length;
        byte[] record =
        [
            .. question.KeyName, 0, (byte)TsigRecord.Type, 0, 255, 0, 0, 0, 0, (byte)(data >> 8), (byte)data,
            .. question.Algorithm, .. times, (byte)(mac.Length >> 8), (byte)mac.Length, .. mac, (byte)(id >> 8), (byte)id, 0, (byte)error, 0, (byte)other.Length, .. other,
        ];
        record.CopyTo(buffer[length..]);
        return length + record.Length;
    }

    /// <summary>The messages of a transfer, each with its record.</summary>
    internal IEnumerable<byte[]> SignAll(IEnumerable<byte[]> messages)
    {
        foreach (var message in messages)
        {
            var signed = new byte[message.Length + Length];
            message.CopyTo(signed, 0);
            yield return signed[..Sign(signed, message.Length)];
        }
    }

    private static byte[] OwnTime(ulong now)
    {
        Span<byte> whole = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(whole, now);
        return whole[2..].ToArray();
    }
}

/// <summary>What a TSIG record of an answer says (RFC 8945 3).</summary>
internal enum TsigError : byte
{
    None = 0,
    BadSig = 16,
    BadKey = 17,
    BadTime = 18,
    BadTrunc = 22,
}
