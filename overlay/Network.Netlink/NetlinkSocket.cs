using System.Runtime.InteropServices;
using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>
/// Request and reply over one netlink socket: sequence numbers, acknowledgements with the kernel's own words,
/// dumps of any length. Not thread-safe: one owner at a time.
/// </summary>
public sealed class NetlinkSocket(INetlinkTransport transport) : IDisposable
{
    private const int DumpAttempts = 5;

    // Acknowledgements wait in the receive buffer until read; a larger batch could overflow the default of 208 KiB.
    private const int RequestsPerSend = 64;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(64 * 1024);
    private uint _sequence;

    /// <param name="protocol">NETLINK_ROUTE, NETLINK_NETFILTER, ...</param>
    /// <param name="netNs">Namespace (name or path) the socket lives in; null means the calling thread's.</param>
    public static NetlinkSocket Open(int protocol, string? netNs = null) =>
        new(netNs is null ? KernelTransport.Open(protocol) : NetNs.Run(netNs, () => KernelTransport.Open(protocol)));

    /// <summary>Sends all requests and throws the first refusal.</summary>
    public void Execute(NetlinkBatch batch)
    {
        var failures = TryExecute(batch);
        if (failures.Count > 0)
            throw failures[0].Error;
    }

    /// <summary>Sends all requests; the kernel tries each whatever became of those before.</summary>
    /// <returns>The refusals, by index of the request.</returns>
    public IReadOnlyList<NetlinkRefusal> TryExecute(NetlinkBatch batch)
    {
        List<NetlinkRefusal>? failures = null;
        for (var first = 0; first < batch.Count; first += RequestsPerSend)
        {
            var end = Math.Min(first + RequestsPerSend, batch.Count);
            var firstSequence = Number(batch, first, end);
            transport.Send(batch.Written[batch.StartOf(first)..batch.StartOf(end)]);
            ReceiveAcknowledgements(batch, first, end, firstSequence, ref failures);
        }

        return failures is null ? [] : failures;
    }

    /// <summary>
    /// Sends a batch that the kernel takes as a whole or not at all. It answers before the send returns, and what it has to
    /// say is read without waiting: refusals, and one acknowledgement of the last request but one (the batch's end is never
    /// acknowledged by kernels before 6.10).
    /// </summary>
    /// <returns>The refusals, by index of the request; index 0 (the batch's begin) stands for the whole.</returns>
    public IReadOnlyList<NetlinkRefusal> TryTransact(NetlinkBatch batch)
    {
        var first = Number(batch, 0, batch.Count, acknowledge: false);
        batch.Written[batch.StartOf(batch.Count - 2) + 6] |= (byte)NetlinkH.NLM_F_ACK;
        transport.Send(batch.Written);
        var failures = new List<NetlinkRefusal>();
        var accepted = false;
        while (TryReceiveAnswer(failures, out var length))
        {
            var reader = new NetlinkMessageReader(_buffer.AsSpan(0, length));
            while (reader.TryNext(out var message))
            {
                var index = (int)(message.Sequence - first);
                if (message.Type != NetlinkH.NLMSG_ERROR || index < 0 || index >= batch.Count)
                    continue;
                if (ErrorOf(message, batch.OperationOf(index)) is { } error)
                    failures.Add(new NetlinkRefusal(index, error));
                else
                    accepted = true;
            }
        }

        return failures.Count > 0 || accepted ? failures : [new NetlinkRefusal(0, new LinuxException(batch.OperationOf(0), Errno.EIO, "the kernel did not answer"))];
    }

    /// <summary>One request, one reply; the reply and a possible refusal are both awaited.</summary>
    /// <returns>False when the parser turned the reply down or there was none.</returns>
    public bool TryGet<T>(NetlinkBatch request, MessageParser<T> parser, out T value)
    {
        var operation = request.OperationOf(0);
        var sequence = Number(request, 0, 1);
        transport.Send(request.Written);
        value = default!;
        var found = false;
        while (true)
        {
            var reader = new NetlinkMessageReader(_buffer.AsSpan(0, transport.Receive(_buffer)));
            while (reader.TryNext(out var message))
            {
                if (message.Sequence != sequence)
                    continue;
                if (message.Type == NetlinkH.NLMSG_ERROR)
                    return ErrorOf(message, operation) is { } error ? throw error : found;
                found = parser(message, out value);
            }

            ThrowIfMalformed(reader, operation);
        }
    }

    /// <summary>
    /// Reads a whole table. A dump during which the table changed is inconsistent (NLM_F_DUMP_INTR) and is read again.
    /// </summary>
    /// <param name="build">Writes the request; called again for every attempt.</param>
    public List<T> Dump<T>(Action<NetlinkBatch> build, MessageParser<T> parser)
    {
        var values = new List<T>();
        var request = new NetlinkBatch();
        build(request);
        for (var attempt = 0; attempt < DumpAttempts; attempt++)
        {
            values.Clear();
            if (DumpOnce(request, parser, values))
                return values;
        }

        throw new LinuxException(request.OperationOf(0), Errno.EINTR, $"the table changed during each of {DumpAttempts} attempts to read it");
    }

    public void Dispose() => transport.Dispose();

    private bool DumpOnce<T>(NetlinkBatch request, MessageParser<T> parser, List<T> values)
    {
        var operation = request.OperationOf(0);
        var sequence = Number(request, 0, 1, acknowledge: false);
        transport.Send(request.Written);
        var consistent = true;
        while (true)
        {
            var reader = new NetlinkMessageReader(_buffer.AsSpan(0, transport.Receive(_buffer)));
            while (reader.TryNext(out var message))
            {
                if (message.Sequence != sequence)
                    continue;
                consistent &= (message.Flags & NetlinkH.NLM_F_DUMP_INTR) == 0;
                switch (message.Type)
                {
                    case NetlinkH.NLMSG_DONE:
                        return ErrorOf(message, operation) is { } refused ? throw refused : consistent;
                    case NetlinkH.NLMSG_ERROR:
                        throw ErrorOf(message, operation) ?? new LinuxException(operation, Errno.EIO, "acknowledged instead of answered");
                    default:
                        if (parser(message, out var value))
                            values.Add(value);
                        break;
                }
            }

            ThrowIfMalformed(reader, operation);
        }
    }

    private void ReceiveAcknowledgements(NetlinkBatch batch, int first, int end, uint firstSequence, ref List<NetlinkRefusal>? failures)
    {
        var awaited = end - first;
        while (awaited > 0)
        {
            var reader = new NetlinkMessageReader(_buffer.AsSpan(0, transport.Receive(_buffer)));
            while (reader.TryNext(out var message))
            {
                var index = (int)(message.Sequence - firstSequence) + first;
                if (message.Type != NetlinkH.NLMSG_ERROR || index < first || index >= end)
                    continue;
                awaited--;
                if (ErrorOf(message, batch.OperationOf(index)) is { } error)
                    (failures ??= []).Add(new NetlinkRefusal(index, error));
            }

            ThrowIfMalformed(reader, batch.OperationOf(first));
        }
    }

    // More refusals than the receive buffer holds: the first ones are in it, and they are what matters.
    private bool TryReceiveAnswer(List<NetlinkRefusal> failures, out int length)
    {
        try
        {
            return transport.TryReceive(_buffer, out length);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOBUFS)
        {
            failures.Add(new NetlinkRefusal(0, e));
            return transport.TryReceive(_buffer, out length);
        }
    }

    private uint Number(NetlinkBatch batch, int first, int end, bool acknowledge = true)
    {
        var firstSequence = _sequence + 1;
        for (var i = first; i < end; i++)
        {
            var message = batch.Written[batch.StartOf(i)..];
            MemoryMarshal.Write(message[8..], ++_sequence);
            if (acknowledge)
                message[6] |= (byte)NetlinkH.NLM_F_ACK;
        }

        return firstSequence;
    }

    // NLMSG_ERROR and NLMSG_DONE: negative errno, then (error only) the request's header or whole, then attributes.
    private static LinuxException? ErrorOf(NetlinkMessage message, string operation)
    {
        if (!MemoryMarshal.TryRead(message.Payload, out int code) || code == 0)
            return null;
        string? detail = null;
        if ((message.Flags & NetlinkH.NLM_F_ACK_TLVS) != 0)
        {
            var offset = sizeof(int);
            if (message.Type == NetlinkH.NLMSG_ERROR)
            {
                offset += 16;
                if ((message.Flags & NetlinkH.NLM_F_CAPPED) == 0 && MemoryMarshal.TryRead(message.Payload[sizeof(int)..], out uint original))
                    offset += (int)Math.Min(Math.Max(original, 16) - 16, int.MaxValue / 2);
            }

            var aligned = NetlinkWriter.Aligned(offset);
            var attributes = new AttributeReader(aligned < message.Payload.Length ? message.Payload[aligned..] : []);
            while (attributes.TryNext(out var attribute))
            {
                if (attribute.Type == NetlinkH.NLMSGERR_ATTR_MSG)
                    detail = attribute.GetText();
            }
        }

        return new LinuxException(operation, (Errno)(-code), detail);
    }

    private static void ThrowIfMalformed(NetlinkMessageReader reader, string operation)
    {
        if (reader.Malformed)
            throw new LinuxException(operation, Errno.EIO, "the reply ends inside a message");
    }
}
