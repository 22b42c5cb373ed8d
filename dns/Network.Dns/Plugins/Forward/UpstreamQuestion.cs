using System.Buffers.Binary;
using System.Security.Cryptography;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Forward;

/// <summary>A question as it goes to an upstream: recursion wanted, a fresh random id, EDNS with our size.</summary>
internal sealed class UpstreamQuestion
{
    private const int OptLength = 11;

    /// <param name="question">Name, type and class on the wire.</param>
    internal UpstreamQuestion(ReadOnlySpan<byte> question, bool dnssecOk)
    {
        Message = new byte[DnsQuery.HeaderLength + question.Length + OptLength];
        RandomNumberGenerator.Fill(Message.AsSpan(0, 2));
        (Message[2], Message[5], Message[11]) = (1, 1, 1);
        question.CopyTo(Message.AsSpan(DnsQuery.HeaderLength));
        var opt = Message.AsSpan(DnsQuery.HeaderLength + question.Length);
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)RecordType.OPT);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], AnswerWriter.MaxUdpSize);
        opt[7] = (byte)(dnssecOk ? 0x80 : 0);
    }

    internal byte[] Message { get; }

    /// <summary>Same id, a response, and the very question that was asked: anything else may be forged.</summary>
    internal static bool Matches(byte[] query, ReadOnlySpan<byte> answer)
    {
        var end = query.Length - OptLength;
        return answer.Length >= end && answer[0] == query[0] && answer[1] == query[1] && (answer[2] & 0x80) != 0
            && answer[DnsQuery.HeaderLength..end].SequenceEqual(query.AsSpan(DnsQuery.HeaderLength, end - DnsQuery.HeaderLength));
    }
}
