using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>A node: a namespace with one foot on a segment, and one pod behind a bridge, all made with <c>ip</c>.</summary>
internal sealed class BenchNode : IDisposable
{
    private readonly ScratchNetNs _pod;

    internal BenchNode(ScratchNetNs segment, int number, string network)
    {
        (Number, Network) = (number, network);
        Ns = new ScratchNetNs($"ovl{number}");
        _pod = new ScratchNetNs($"ovlp{number}");
        segment.Exec("ip", "link", "add", $"p{number}", "up", "master", "lan", "type", "veth", "peer", "name", "eth0", "netns", Ns.Name);
        Ns.Exec("ip", "address", "add", $"{Address}/24", "dev", "eth0");
        Ns.Exec("ip", "link", "set", "eth0", "up");
        Ns.Exec("ip", "route", "add", "default", "via", "192.0.2.254");
        Ns.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    }

    internal int Number { get; }

    internal string Name => $"n{Number}";

    /// <summary>The first two bytes of all pods' addresses.</summary>
    internal string Network { get; }

    internal ScratchNetNs Ns { get; }

    internal ScratchNetNs Pod => _pod;

    internal string Address => $"192.0.2.{Number}";

    internal string PodCidr => $"{Network}.{Number}.0/24";

    internal string PodCidrV6 => $"fd00:{Number}::/64";

    internal string PodAddress => $"{Network}.{Number}.2";

    internal string PodAddressV6 => $"fd00:{Number}::2";

    internal static ScratchNetNs Segment()
    {
        var segment = new ScratchNetNs("ovllan");
        segment.Exec("ip", "link", "add", "lan", "up", "type", "bridge");
        segment.Exec("ip", "address", "add", "192.0.2.254/24", "dev", "lan");
        return segment;
    }

    /// <summary>The pod, as the CNI plugin would make it: a bridge with the first address, a pair of devices.</summary>
    internal void AddPod(int mtu)
    {
        Ns.Exec("ip", "link", "add", "pods", "up", "type", "bridge");
        Ns.Exec("ip", "address", "add", $"{Network}.{Number}.1/24", "dev", "pods");
        Ns.Exec("ip", "-6", "address", "add", $"fd00:{Number}::1/64", "dev", "pods", "nodad");
        Ns.Exec("ip", "link", "add", "pod0", "up", "mtu", $"{mtu}", "master", "pods", "type", "veth", "peer", "name", "eth0", "mtu", $"{mtu}", "netns", _pod.Name);
        _pod.Exec("ip", "address", "add", $"{PodAddress}/24", "dev", "eth0");
        _pod.Exec("ip", "-6", "address", "add", $"{PodAddressV6}/64", "dev", "eth0", "nodad");
        _pod.Exec("ip", "link", "set", "eth0", "up");
        _pod.Exec("ip", "route", "add", "default", "via", $"{Network}.{Number}.1");
        _pod.Exec("ip", "-6", "route", "add", "default", "via", $"fd00:{Number}::1");
    }

    public void Dispose()
    {
        _pod.Dispose();
        Ns.Dispose();
    }
}
