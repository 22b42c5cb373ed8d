using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Network.Linux;

namespace Network.Diagnosis.Probes;

/// <summary>Sends probes with ordinary sockets, so that they go the way any program's packets go.</summary>
public static class Prober
{
    private const int EchoHeader = 8, Ipv4Header = 20, Ipv6Header = 40, UdpHeader = 8, SmallPayload = 32;
    private const int IPPROTO_IP = 0, IP_MTU_DISCOVER = 10, IPPROTO_IPV6 = 41, IPV6_MTU_DISCOVER = 23, PMTUDISC_DO = 2;

    public static Task<ProbeResult> SendAsync(ProbeSpec probe, CancellationToken cancel) => probe.Protocol switch
    {
        ProtocolType.Tcp => ConnectAsync(probe, cancel),
        ProtocolType.Udp => DatagramAsync(probe, cancel),
        ProtocolType.Icmp => EchoAsync(probe, cancel),
        _ => throw new ArgumentException($"protocol {probe.Protocol}: a probe is TCP, UDP or ICMP", nameof(probe)),
    };

    private static async Task<ProbeResult> ConnectAsync(ProbeSpec probe, CancellationToken cancel)
    {
        using var socket = NetNs.Run(probe.NetNs, () => new Socket(probe.Target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.Bind(Any(probe.Target.AddressFamily));
        return await TimedAsync(probe, socket, async limit =>
        {
            await socket.ConnectAsync(probe.Target, limit).ConfigureAwait(false);
            return true;
        }, cancel).ConfigureAwait(false);
    }

    private static async Task<ProbeResult> DatagramAsync(ProbeSpec probe, CancellationToken cancel)
    {
        using var socket = NetNs.Run(probe.NetNs, () => new Socket(probe.Target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        socket.Connect(probe.Target);
        if (probe.Size > 0)
            ForbidFragments(socket);
        var payload = new byte[probe.Size > 0 ? probe.Size - IpHeader(socket) - UdpHeader : SmallPayload];
        BinaryPrimitives.WriteUInt64BigEndian(payload, probe.Cookie);
        return await TimedAsync(probe, socket, async limit =>
        {
            await socket.SendAsync(payload, limit).ConfigureAwait(false);
            return await socket.ReceiveAsync(new byte[2048], limit).ConfigureAwait(false) >= 0;
        }, cancel).ConfigureAwait(false);
    }

    private static async Task<ProbeResult> EchoAsync(ProbeSpec probe, CancellationToken cancel)
    {
        var v6 = probe.Target.AddressFamily == AddressFamily.InterNetworkV6;
        using var socket = NetNs.Run(probe.NetNs, () => new Socket(probe.Target.AddressFamily, SocketType.Raw, v6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp));
        socket.Connect(probe.Target);
        if (probe.Size > 0)
            ForbidFragments(socket);
        var message = Echo(probe, v6, probe.Size > 0 ? probe.Size - IpHeader(socket) : EchoHeader + SmallPayload);
        return await TimedAsync(probe, socket, async limit =>
        {
            await socket.SendAsync(message, limit).ConfigureAwait(false);
            var buffer = new byte[Math.Max(2048, message.Length + Ipv4Header)];
            while (true)
            {
                // A raw IPv4 socket is given the IP header too.
                var length = await socket.ReceiveAsync(buffer, limit).ConfigureAwait(false);
                var answer = buffer.AsMemory(v6 ? 0 : Ipv4Header, Math.Max(0, length - (v6 ? 0 : Ipv4Header)));
                if (answer.Length >= EchoHeader + 8 && answer.Span[0] == (v6 ? 129 : 0) && BinaryPrimitives.ReadUInt64BigEndian(answer.Span[EchoHeader..]) == probe.Cookie)
                    return true;
            }
        }, cancel).ConfigureAwait(false);
    }

    private static byte[] Echo(ProbeSpec probe, bool v6, int length)
    {
        var message = new byte[length];
        message[0] = v6 ? (byte)128 : (byte)8;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)probe.Cookie);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), 1);
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(EchoHeader), probe.Cookie);
        // The kernel fills in that of ICMPv6, which covers addresses.
        if (!v6)
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return message;
    }

    /// <summary>RFC 1071.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var at = 0; at < bytes.Length; at += 2)
            sum += at + 1 < bytes.Length ? BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) : (uint)(bytes[at] << 8);
        while (sum > ushort.MaxValue)
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)~sum;
    }

    private static async Task<ProbeResult> TimedAsync(ProbeSpec probe, Socket socket, Func<CancellationToken, Task<bool>> exchange, CancellationToken cancel)
    {
        var started = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(probe.Timeout);
        // Known before the exchange, and lost with a refused connection.
        var source = (IPEndPoint)socket.LocalEndPoint!;
        try
        {
            await exchange(limit.Token).ConfigureAwait(false);
            return Result(ProbeOutcome.Answered, "");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Result(ProbeOutcome.Silent, "");
        }
        catch (SocketException e)
        {
            return Result(e.SocketErrorCode switch
            {
                SocketError.ConnectionRefused or SocketError.ConnectionReset => ProbeOutcome.Refused,
                SocketError.MessageSize => ProbeOutcome.TooLarge,
                SocketError.TimedOut => ProbeOutcome.Silent,
                _ => ProbeOutcome.Unreachable,
            }, e.Message);
        }

        ProbeResult Result(ProbeOutcome outcome, string text) =>
            new(probe, outcome, probe.Protocol == ProtocolType.Icmp ? new IPEndPoint(source.Address, (ushort)probe.Cookie) : source, Stopwatch.GetElapsedTime(started), text);
    }

    private static void ForbidFragments(Socket socket)
    {
        if (socket.AddressFamily == AddressFamily.InterNetwork)
            socket.SetRawSocketOption(IPPROTO_IP, IP_MTU_DISCOVER, BitConverter.GetBytes(PMTUDISC_DO));
        else
            socket.SetRawSocketOption(IPPROTO_IPV6, IPV6_MTU_DISCOVER, BitConverter.GetBytes(PMTUDISC_DO));
    }

    private static int IpHeader(Socket socket) => socket.AddressFamily == AddressFamily.InterNetwork ? Ipv4Header : Ipv6Header;

    private static IPEndPoint Any(AddressFamily family) => new(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
}
