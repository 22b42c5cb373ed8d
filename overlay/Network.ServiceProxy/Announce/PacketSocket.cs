using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Linux;

namespace Network.ServiceProxy.Announce;

/// <summary>Frames of one protocol on one device, both ways (packet(7)).</summary>
internal sealed class PacketSocket : IDisposable
{
    private readonly Socket _socket;

    private PacketSocket(Socket socket) => _socket = socket;

    internal static PacketSocket Open(string? netNs, int link, ushort protocol)
    {
        // The kernel wants the protocol in network order, here and in the address.
        var wire = (ProtocolType)BinaryPrimitives.ReverseEndianness(protocol);
        Socket Create() => new(AddressFamily.Packet, SocketType.Raw, wire);
        var socket = netNs is null ? Create() : NetNs.Run(netNs, Create);
        try
        {
            socket.Bind(new LinkEndPoint(link, protocol));
            return new PacketSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancel) => _socket.ReceiveAsync(buffer, cancel);

    internal void Send(byte[] frame) => _socket.Send(frame);

    public void Dispose() => _socket.Dispose();

    // struct sockaddr_ll: family, protocol, index, hardware type, packet type, address length, address.
    private sealed class LinkEndPoint(int link, ushort protocol) : EndPoint
    {
        private const int Length = 20;

        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, Length);
            BinaryPrimitives.WriteUInt16BigEndian(address.Buffer.Span[2..], protocol);
            BitConverter.TryWriteBytes(address.Buffer.Span[4..], link);
            return address;
        }

        public override EndPoint Create(SocketAddress socketAddress) => this;
    }
}
