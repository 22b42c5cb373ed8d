using System.Buffers.Binary;
using Network.Dns.Wire;

namespace Network.Dns.Tests.Fuzz;

/// <summary>
/// Packets that are nearly questions: real ones with flipped bits, cut or stretched, with wrong counts, wrong lengths, pointers
/// into themselves. The first bit of the id says whether the packet claims to be a response, so an answer tells what it answers.
/// </summary>
internal sealed class PacketMutator(int seed)
{
    /// <summary>Longest packet, in bytes.</summary>
    internal const int Most = 600;

    private static readonly string[] s_names =
    [
        "web.default.svc.cluster.local", "WEB.Default.svc.cluster.LOCAL", "many.default.svc.cluster.local", "_http._tcp.many.default.svc.cluster.local", "nothing.default.svc.cluster.local",
        "10-244-1-9.default.pod.cluster.local", "20.0.96.10.in-addr.arpa", "cluster.local", "", "version.bind", "elsewhere.example",
    ];

    private static readonly ushort[] s_types = [1, 28, 33, 12, 16, 6, 2, 5, 255, 41, 43, 46, 48, 249, 250, 251, 252, 65, 64, 65535];

    private readonly Random _random = new(seed);
    private readonly byte[][] _valid = [.. s_names.SelectMany(name => s_types.Select(type => Question(name, type, edns: false)).Concat(s_types.Select(type => Question(name, type, edns: true))))];

    /// <summary>Writes the next packet.</summary>
    /// <returns>Its length.</returns>
    internal int Next(Span<byte> packet)
    {
        var length = Copy(_valid[_random.Next(_valid.Length)], packet);
        for (var changes = _random.Next(4); changes >= 0; changes--)
            length = Mutate(packet, length);
        if (length < 2)
            return length;
        BinaryPrimitives.WriteUInt16BigEndian(packet, (ushort)_random.Next(0x8000));
        if (length > 2 && (packet[2] & 0x80) != 0)
            packet[0] |= 0x80;
        return length;
    }

    private int Mutate(Span<byte> packet, int length)
    {
        switch (_random.Next(9))
        {
            case 0:
                packet[_random.Next(Math.Max(1, length))] ^= (byte)(1 << _random.Next(8));
                return length;
            case 1:
                return _random.Next(length + 1);
            case 2:
                var more = _random.Next(Most - length + 1);
                _random.NextBytes(packet.Slice(length, more));
                return length + more;
            case 3:
                packet[_random.Next(Math.Max(1, length))] = (byte)_random.Next(256);
                return length;
            case 4:
                // One of the four counts.
                BinaryPrimitives.WriteUInt16BigEndian(packet[(4 + (2 * _random.Next(4)))..], (ushort)_random.Next(_random.Next(2) == 0 ? 3 : 65536));
                return length;
            case 5:
                // A pointer, to anywhere.
                BinaryPrimitives.WriteUInt16BigEndian(packet[_random.Next(12, Math.Max(13, length))..], (ushort)(0xC000 | _random.Next(_random.Next(2) == 0 ? 64 : 0x4000)));
                return length;
            case 6:
                packet[2] = (byte)_random.Next(256);
                return length;
            case 7:
                // Another question behind this one.
                return length + Copy(_valid[_random.Next(_valid.Length)].AsSpan(12), packet[length..Most]);
            default:
                return length;
        }
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var length = Math.Min(from.Length, to.Length);
        from[..length].CopyTo(to);
        return length;
    }

    private static byte[] Question(string name, ushort type, bool edns)
    {
        byte[] head = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, (byte)(edns ? 1 : 0), .. DnsName.Encode(name), (byte)(type >> 8), (byte)type, 0, (byte)(name == "version.bind" ? 3 : 1)];
        // OPT of 4096 bytes with DO, a cookie of eight bytes and a client subnet (RFC 6891, 7873, 7871).
        return edns ? [.. head, 0, 0, 41, 16, 0, 0, 0, 0x80, 0, 0, 23, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2] : head;
    }
}
