using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Linux;

namespace Network.Conformance.Services;

/// <summary>A TCP segment that belongs to no window of its connection, as late retransmissions do.</summary>
internal static class StraySegment
{
    private const int Length = 20;
    private const byte Acknowledge = 0x10, DataOffset = 5 << 4;

    /// <summary>Sends it from a namespace that has the source address (RFC 9293, section 3.1).</summary>
    internal static void Send(string netNs, IPEndPoint from, IPEndPoint to)
    {
        Span<byte> segment = stackalloc byte[Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], (ushort)to.Port);
        // Any numbers far from those of a connection just begun.
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], (uint)Random.Shared.Next());
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], (uint)Random.Shared.Next());
        segment[12] = DataOffset;
        segment[13] = Acknowledge;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], 64_000);
        BinaryPrimitives.WriteUInt16BigEndian(segment[16..], Checksum(segment, from.Address, to.Address));
        var bytes = segment.ToArray();
        using var socket = NetNs.Run(netNs, () => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp));
        socket.SendTo(bytes, new IPEndPoint(to.Address, 0));
    }

    private static ushort Checksum(ReadOnlySpan<byte> segment, IPAddress from, IPAddress to)
    {
        var sum = (uint)ProtocolType.Tcp + Length;
        foreach (var part in (byte[][])[from.GetAddressBytes(), to.GetAddressBytes(), segment.ToArray()])
        {
            for (var i = 0; i < part.Length; i += 2)
                sum += BinaryPrimitives.ReadUInt16BigEndian(part.AsSpan(i));
        }

        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
