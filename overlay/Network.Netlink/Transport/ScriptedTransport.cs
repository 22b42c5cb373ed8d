using System.Runtime.InteropServices;
using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.Transport;

/// <summary>
/// A kernel in memory: each request datagram is handed to a script that answers with datagrams. Families are tested
/// with it without a kernel, and with replies no healthy kernel gives.
/// </summary>
public sealed class ScriptedTransport(Func<byte[], IEnumerable<byte[]>> script) : INetlinkTransport
{
    private readonly Queue<byte[]> _replies = new();

    /// <summary>Every datagram sent, oldest first.</summary>
    public List<byte[]> Sent { get; } = [];

    public void Send(ReadOnlySpan<byte> datagram)
    {
        var request = datagram.ToArray();
        Sent.Add(request);
        foreach (var reply in script(request))
            _replies.Enqueue(reply);
    }

    public int Receive(Span<byte> buffer)
    {
        if (!_replies.TryDequeue(out var reply))
            throw new LinuxException("receive from an exhausted script", Errno.EAGAIN);
        if (reply.Length == 0)
            throw new LinuxException("receive netlink datagram", Errno.ENOBUFS);
        reply.CopyTo(buffer);
        return reply.Length;
    }

    public bool TryReceive(Span<byte> buffer, out int length)
    {
        var any = _replies.Count > 0;
        length = any ? Receive(buffer) : 0;
        return any;
    }

    /// <summary>An acknowledgement (errno 0) or refusal of the request that carries this sequence number.</summary>
    public static byte[] Acknowledge(uint sequence, Errno errno = Errno.None, string? detail = null)
    {
        var batch = new NetlinkBatch();
        var flags = (ushort)(NetlinkH.NLM_F_CAPPED | (detail is null ? 0 : NetlinkH.NLM_F_ACK_TLVS));
        using (var message = new NetlinkWriter(batch, NetlinkH.NLMSG_ERROR, flags, sequence))
        {
            message.Header(-(int)errno);
            message.Header(new nlmsghdr { nlmsg_len = 16, nlmsg_seq = sequence });
            if (detail is not null)
                message.Put(NetlinkH.NLMSGERR_ATTR_MSG, detail);
        }

        return batch.Written.ToArray();
    }

    /// <summary>Sequence numbers of the messages in a datagram.</summary>
    public static IReadOnlyList<uint> SequencesOf(byte[] datagram)
    {
        var sequences = new List<uint>();
        var reader = new NetlinkMessageReader(datagram);
        while (reader.TryNext(out var message))
            sequences.Add(message.Sequence);
        return sequences;
    }

    /// <summary>Rewrites the sequence number of every message in a recorded datagram.</summary>
    public static byte[] WithSequence(ReadOnlySpan<byte> datagram, uint sequence)
    {
        var copy = datagram.ToArray();
        for (var at = 0; at + 16 <= copy.Length;)
        {
            MemoryMarshal.Write(copy.AsSpan(at + 8), sequence);
            at += Math.Max(16, NetlinkWriter.Aligned(MemoryMarshal.Read<int>(copy.AsSpan(at))));
        }

        return copy;
    }

    public void Dispose()
    {
    }
}
