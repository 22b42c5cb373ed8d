using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Network.Linux;

namespace Network.ServiceProxy.Announce;

/// <summary>Frames of one protocol on one device, both ways (packet(7)).</summary>
internal sealed class PacketSocket : IDisposable
{
    private readonly Socket _socket;

    private PacketSocket(Socket socket) => _socket = socket;

    /// <param name="filter">Classic BPF: only frames it returns a length for are received (socket(7), SO_ATTACH_FILTER).</param>
    internal static PacketSocket Open(string? netNs, int link, ushort protocol, IReadOnlyList<(ushort Code, byte True, byte False, uint Value)>? filter = null)
    {
        // The kernel wants the protocol in network order, here and in the address.
        var wire = (ProtocolType)BinaryPrimitives.ReverseEndianness(protocol);
        Socket Create() => new(AddressFamily.Packet, SocketType.Raw, wire);
        var socket = netNs is null ? Create() : NetNs.Run(netNs, Create);
        try
        {
            if (filter is not null)
                Attach(socket, filter);
            socket.Bind(new LinkEndPoint(link, protocol));
            return new PacketSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Attach(Socket socket, IReadOnlyList<(ushort Code, byte True, byte False, uint Value)> filter)
    {
        const int instructionSize = 8, solSocket = 1, attachFilter = 26;
        var program = new byte[filter.Count * instructionSize];
        for (var i = 0; i < filter.Count; i++)
        {
            var at = program.AsSpan(i * instructionSize);
            MemoryMarshal.Write(at, filter[i].Code);
            (at[2], at[3]) = (filter[i].True, filter[i].False);
            MemoryMarshal.Write(at[4..], filter[i].Value);
        }

        // struct sock_fprog: number of instructions, then where they are.
        var copy = Marshal.AllocHGlobal(program.Length);
        try
        {
            Marshal.Copy(program, 0, copy, program.Length);
            Span<byte> description = stackalloc byte[16];
            description.Clear();
            MemoryMarshal.Write(description, (ushort)filter.Count);
            MemoryMarshal.Write(description[8..], (long)copy);
            socket.SetRawSocketOption(solSocket, attachFilter, description);
        }
        finally
        {
            Marshal.FreeHGlobal(copy);
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
