namespace Network.Netlink.Transport;

/// <summary>
/// Where requests go and replies come from: the kernel, or a script in a test. Datagrams keep their boundaries.
/// Used by one thread at a time.
/// </summary>
public interface INetlinkTransport : IDisposable
{
    void Send(ReadOnlySpan<byte> datagram);

    /// <summary>Blocks for the next datagram and returns its length. A lost reply is ENOBUFS.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>The next datagram if one is there already.</summary>
    bool TryReceive(Span<byte> buffer, out int length);
}
