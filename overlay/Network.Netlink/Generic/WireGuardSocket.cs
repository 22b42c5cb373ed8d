using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>
/// Keys and peers of WireGuard devices (linux/wireguard.h). A peer's message part:
/// <code>
/// PEERS { 0 { PUBLIC_KEY(32) FLAGS(u32) ENDPOINT(sockaddr_in or _in6) ALLOWEDIPS { 0 { FAMILY(u16) IPADDR CIDR_MASK(u8) } ... } } ... }
/// </code>
/// </summary>
public sealed class WireGuardSocket(GenericSocket socket)
{
    /// <summary>Name of the family; absent from kernels without WireGuard.</summary>
    public const string Family = "wireguard";

    // A message's attributes end at 64 KiB; a peer with two ranges takes about 160 bytes.
    private const int PeersPerMessage = 200;

    /// <summary>The device with its peers, which may come in several messages.</summary>
    public WireGuardDevice Device(string name)
    {
        var parts = socket.Socket.Dump<WireGuardDevice>(batch =>
        {
            using var message = GenericSocket.Begin(batch, socket.Family(Family), WireGuardH.WG_CMD_GET_DEVICE, $"read WireGuard device {name}", NetlinkH.NLM_F_DUMP);
            message.Put(WireGuardH.WGDEVICE_A_IFNAME, name);
        }, TryParse);
        return Joined(name, parts);
    }

    /// <summary>Gives the device its key and port.</summary>
    public void Configure(string name, WireGuardKey privateKey, int port)
    {
        var batch = new NetlinkBatch();
        using (var message = GenericSocket.Begin(batch, socket.Family(Family), WireGuardH.WG_CMD_SET_DEVICE, $"configure WireGuard device {name}"))
        {
            message.Put(WireGuardH.WGDEVICE_A_IFNAME, name);
            message.Put(WireGuardH.WGDEVICE_A_PRIVATE_KEY, privateKey.Bytes);
            message.Put(WireGuardH.WGDEVICE_A_LISTEN_PORT, (ushort)port);
        }

        socket.Socket.Execute(batch);
    }

    /// <summary>Sets peers and removes others; who is not named stays as it is.</summary>
    public void Change(string name, IReadOnlyList<WireGuardPeer> set, IReadOnlyList<WireGuardKey> remove)
    {
        var batch = new NetlinkBatch();
        for (var first = 0; first < Math.Max(set.Count, 1); first += PeersPerMessage)
            Write(batch, socket.Family(Family), name, [.. set.Skip(first).Take(PeersPerMessage)], first == 0 ? remove : []);
        socket.Socket.Execute(batch);
    }

    internal static void Write(NetlinkBatch batch, ushort family, string name, IReadOnlyList<WireGuardPeer> set, IReadOnlyList<WireGuardKey> remove)
    {
        using var message = GenericSocket.Begin(batch, family, WireGuardH.WG_CMD_SET_DEVICE, $"change peers of WireGuard device {name}");
        message.Put(WireGuardH.WGDEVICE_A_IFNAME, name);
        using (message.Nest(WireGuardH.WGDEVICE_A_PEERS))
        {
            foreach (var key in remove)
            {
                using (message.Nest(0))
                {
                    message.Put(WireGuardH.WGPEER_A_PUBLIC_KEY, key.Bytes);
                    message.Put(WireGuardH.WGPEER_A_FLAGS, WireGuardH.WGPEER_F_REMOVE_ME);
                }
            }

            foreach (var peer in set)
            {
                using (message.Nest(0))
                    Write(message, peer);
            }
        }
    }

    internal static bool TryParse(NetlinkMessage message, out WireGuardDevice device)
    {
        device = null!;
        if (!message.TryReadHeader(out genlmsghdr _, out var attributes))
            return false;
        var (name, port, key, peers) = ("", (ushort)0, default(WireGuardKey), new List<WireGuardPeer>());
        while (attributes.TryNext(out var attribute))
        {
            switch (attribute.Type)
            {
                case WireGuardH.WGDEVICE_A_IFNAME:
                    name = attribute.GetText();
                    break;
                case WireGuardH.WGDEVICE_A_PUBLIC_KEY:
                    WireGuardKey.TryRead(attribute.Value, out key);
                    break;
                case WireGuardH.WGDEVICE_A_LISTEN_PORT:
                    MemoryMarshal.TryRead(attribute.Value, out port);
                    break;
                case WireGuardH.WGDEVICE_A_PEERS:
                    TakePeers(attribute.Nested, peers);
                    break;
            }
        }

        device = new WireGuardDevice(name, key, port, peers);
        return !attributes.Malformed && name.Length > 0;
    }

    // The list goes on in the next message when it is long; a peer may be cut too and then appears again with more addresses.
    internal static WireGuardDevice Joined(string name, IReadOnlyList<WireGuardDevice> parts)
    {
        var peers = parts.SelectMany(part => part.Peers).GroupBy(peer => peer.PublicKey)
            .Select(group => group.First() with { AllowedAddresses = [.. group.SelectMany(peer => peer.AllowedAddresses)] });
        return new WireGuardDevice(name, parts.Count > 0 ? parts[0].PublicKey : default, parts.Count > 0 ? parts[0].Port : 0, [.. peers]);
    }

    private static void Write(NetlinkWriter message, WireGuardPeer peer)
    {
        message.Put(WireGuardH.WGPEER_A_PUBLIC_KEY, peer.PublicKey.Bytes);
        message.Put(WireGuardH.WGPEER_A_FLAGS, WireGuardH.WGPEER_F_REPLACE_ALLOWEDIPS);
        if (peer.Endpoint is { } endpoint)
            message.Put(WireGuardH.WGPEER_A_ENDPOINT, SocketAddressOf(endpoint));
        using (message.Nest(WireGuardH.WGPEER_A_ALLOWEDIPS))
        {
            foreach (var range in peer.AllowedAddresses)
            {
                using (message.Nest(0))
                {
                    message.Put(WireGuardH.WGALLOWEDIP_A_FAMILY, (ushort)RouteBatch.FamilyOf(range.BaseAddress));
                    message.Put(WireGuardH.WGALLOWEDIP_A_IPADDR, range.BaseAddress);
                    message.Put(WireGuardH.WGALLOWEDIP_A_CIDR_MASK, (byte)range.PrefixLength);
                }
            }
        }
    }

    private static void TakePeers(AttributeReader list, List<WireGuardPeer> peers)
    {
        while (list.TryNext(out var entry))
        {
            var fields = entry.Nested;
            var (known, key, endpoint, ranges) = (false, default(WireGuardKey), default(IPEndPoint), new List<IPNetwork>());
            long received = 0, sent = 0;
            while (fields.TryNext(out var field))
            {
                switch (field.Type)
                {
                    case WireGuardH.WGPEER_A_PUBLIC_KEY:
                        known = WireGuardKey.TryRead(field.Value, out key);
                        break;
                    case WireGuardH.WGPEER_A_ENDPOINT:
                        endpoint = EndpointOf(field.Value);
                        break;
                    case WireGuardH.WGPEER_A_RX_BYTES:
                        MemoryMarshal.TryRead(field.Value, out received);
                        break;
                    case WireGuardH.WGPEER_A_TX_BYTES:
                        MemoryMarshal.TryRead(field.Value, out sent);
                        break;
                    case WireGuardH.WGPEER_A_ALLOWEDIPS:
                        TakeRanges(field.Nested, ranges);
                        break;
                }
            }

            if (known)
                peers.Add(new WireGuardPeer(key, endpoint, ranges) { ReceivedBytes = received, SentBytes = sent });
        }
    }

    private static void TakeRanges(AttributeReader list, List<IPNetwork> ranges)
    {
        while (list.TryNext(out var entry))
        {
            var fields = entry.Nested;
            IPAddress? address = null;
            byte length = 0;
            while (fields.TryNext(out var field))
            {
                if (field.Type == WireGuardH.WGALLOWEDIP_A_IPADDR)
                    field.TryGet(out address);
                else if (field.Type == WireGuardH.WGALLOWEDIP_A_CIDR_MASK)
                    field.TryGet(out length);
            }

            if (address is not null && RouteParser.TryPrefix(address, length, out var range))
                ranges.Add(range);
        }
    }

    // struct sockaddr_in: family(2) port(2, big endian) address(4) zero(8); sockaddr_in6: family(2) port(2) flow(4) address(16) scope(4).
    private static byte[] SocketAddressOf(IPEndPoint endpoint)
    {
        var v4 = endpoint.AddressFamily == AddressFamily.InterNetwork;
        var bytes = new byte[v4 ? 16 : 28];
        MemoryMarshal.Write(bytes, (ushort)RouteBatch.FamilyOf(endpoint.Address));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)endpoint.Port);
        endpoint.Address.TryWriteBytes(bytes.AsSpan(v4 ? 4 : 8), out _);
        return bytes;
    }

    private static IPEndPoint? EndpointOf(ReadOnlySpan<byte> bytes)
    {
        if (!MemoryMarshal.TryRead(bytes, out ushort family))
            return null;
        return (family, bytes.Length) switch
        {
            (NetlinkH.AF_INET, >= 8) => new IPEndPoint(new IPAddress(bytes.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            (NetlinkH.AF_INET6, >= 24) => new IPEndPoint(new IPAddress(bytes.Slice(8, 16)), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..])),
            _ => null,
        };
    }
}
