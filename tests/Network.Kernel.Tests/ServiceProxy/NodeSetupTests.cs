using Network.Linux;
using Network.Linux.Interop;
using Network.ServiceProxy;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

public sealed class NodeSetupTests : IDisposable
{
    private readonly ScratchNetNs _ns;

    public NodeSetupTests()
    {
        Requires.Root();
        _ns = new ScratchNetNs("setup");
    }

    public void Dispose() => _ns.Dispose();

    [Fact]
    public void Connections_end_after_a_day_and_half_closed_ones_after_an_hour()
    {
        var (_, unset) = NodeSetup.Ensure(new ProxySettings("w1") { NetNs = _ns.Name });

        Assert.Empty(unset);
        Assert.Equal("86400 3600 1", NetNs.Run(_ns.Name, () => string.Join(' ', Sysctl.Get("net/netfilter/nf_conntrack_tcp_timeout_established"),
            Sysctl.Get("net/netfilter/nf_conntrack_tcp_timeout_close_wait"), Sysctl.Get("net/ipv4/ip_forward"))));
    }

    [Fact]
    public void Parameters_that_cannot_be_written_are_named_and_the_rest_goes_on()
    {
        // A namespace begins with what the machine has.
        _ns.Exec("sysctl", "-qw", "net.ipv4.ip_forward=0");
        // What a container without privileges sees: /proc/sys for reading only. The thread ends with the call, its mounts with it.
        var (_, unset) = NetNs.Run(_ns.Name, () =>
        {
            Assert.Equal(0, LibC.unshare(LibC.CLONE_NEWNS));
            Mounts.MakePrivate("/");
            Mounts.Bind("/proc/sys", "/proc/sys", readOnly: true);
            return NodeSetup.Ensure(new ProxySettings("w1"));
        });

        Assert.Contains("net.ipv4.ip_forward=1", unset);
    }
}
