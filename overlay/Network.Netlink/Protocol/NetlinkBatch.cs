namespace Network.Netlink.Protocol;

/// <summary>
/// Requests to be sent in one go. The kernel executes them in order and answers each; a failed one does not stop the
/// rest (linux/net/netlink/af_netlink.c, netlink_rcv_skb).
/// </summary>
public class NetlinkBatch
{
    private readonly List<Entry> _entries = [];
    private byte[] _buffer = new byte[1024];

    /// <summary>Number of requests.</summary>
    public int Count => _entries.Count;

    internal int Length { get; private set; }

    internal Span<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Starts a message; dispose the writer before starting the next.</summary>
    /// <param name="operation">What this does, with the object's name, for errors: <c>add link w1-br</c>. Put into words only when asked.</param>
    public NetlinkWriter Begin(ushort type, ushort flags, object operation)
    {
        _entries.Add(new Entry(Length, operation));
        return new NetlinkWriter(this, type, flags, sequence: 0);
    }

    public void Clear()
    {
        _entries.Clear();
        Length = 0;
    }

    /// <summary>What a request does, in the words errors use.</summary>
    public string Describe(int index) => OperationOf(index);

    internal string OperationOf(int index) => _entries[index].Operation.ToString() ?? "";

    internal int StartOf(int index) => index == _entries.Count ? Length : _entries[index].Start;

    internal Span<byte> Reserve(int length)
    {
        if (Length + length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + length));
        var reserved = _buffer.AsSpan(Length, length);
        reserved.Clear();
        Length += length;
        return reserved;
    }

    private readonly record struct Entry(int Start, object Operation);
}
