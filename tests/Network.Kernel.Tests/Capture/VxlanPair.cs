using System.Net;
using System.Net.Sockets;
using Network.Capture;
using Network.TestKit;

namespace Network.Kernel.Tests.Capture;

/// <summary>Two machines with a cable (192.0.2.0/24) and a VXLAN network over it (VNI 77, 10.9.0.0/24).</summary>
internal sealed class VxlanPair : IDisposable
{
    internal VxlanPair()
    {
        foreach (var machine in (ScratchNetNs[])[A, B])
        {
            machine.Exec("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
        }

        A.Exec("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", B.Name);
        Configure(A, 1, 2);
        Configure(B, 2, 1);
        B.Exec("ip", "address", "add", "10.9.0.3/24", "dev", "vx");
    }

    internal ScratchNetNs A { get; } = new("cap-a");

    internal ScratchNetNs B { get; } = new("cap-b");

    internal CaptureSource UnderlayOfA => new("a/eth0", A.Name, "eth0", "underlay");

    internal CaptureSource UnderlayOfB => new("b/eth0", B.Name, "eth0", "underlay");

    internal CaptureSource TunnelOfA => new("a/vxlan", A.Name, "vx", "VXLAN device");

    internal CaptureSource TunnelOfB => new("b/vxlan", B.Name, "vx", "VXLAN device");

    internal static void Ping(ScratchNetNs from, string target, int count) =>
        from.Exec("busybox", "ping", "-q", "-c", count.ToString(), "-i", "0.01", "-W", "5", target);

    /// <summary>Sends datagrams of 100 bytes from the first machine to the second one's underlay address, as fast as it can.</summary>
    internal void SendUdp(int port, int count)
    {
        // Somebody listens, lest the answers slow the sender down.
        using var receiver = B.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        receiver.Bind(new IPEndPoint(IPAddress.Any, port));
        using var sender = A.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var payload = new byte[100];
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.2"), port).Serialize();
        for (var i = 0; i < count; i++)
            sender.SendTo(payload, SocketFlags.None, target);
    }

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }

    private static void Configure(ScratchNetNs machine, int own, int other)
    {
        machine.Exec("ip", "address", "add", $"192.0.2.{own}/24", "dev", "eth0");
        machine.Exec("ip", "link", "set", "eth0", "up");
        machine.Exec("ip", "link", "add", "vx", "type", "vxlan", "id", "77", "dstport", "4789", "remote", $"192.0.2.{other}", "dev", "eth0");
        machine.Exec("ip", "address", "add", $"10.9.0.{own}/24", "dev", "vx");
        machine.Exec("ip", "link", "set", "vx", "up");
    }
}
