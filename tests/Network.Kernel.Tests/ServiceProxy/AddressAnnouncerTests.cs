using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Netlink;
using Network.ServiceProxy.Announce;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>Addresses that no kernel has, and the kernel of another host that asks for them.</summary>
public sealed class AddressAnnouncerTests : IAsyncLifetime
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource _stop = new();
    private ScratchNetNs _node = null!, _peer = null!;
    private AddressAnnouncer _announcer = null!;
    private Task _running = Task.CompletedTask;
    private string _mac = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        (_node, _peer) = (new ScratchNetNs("announcer"), new ScratchNetNs("asker"));
        _node.Exec("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", _peer.Name);
        foreach (var (ns, host) in new[] { (_node, 1), (_peer, 9) })
        {
            ns.Exec("ip", "address", "add", $"192.0.2.{host}/24", "dev", "eth0");
            ns.Exec("ip", "address", "add", $"2001:db8::{host}/64", "dev", "eth0", "nodad");
            ns.Exec("ip", "link", "set", "eth0", "up");
        }

        // A link-local address may be used once nobody else has it.
        await Eventually.TrueAsync(() => !_node.Exec("ip", "-6", "address", "show", "dev", "eth0").Contains("tentative"), s_deadline);
        using var routes = RouteSocket.Open(_node.Name);
        var link = routes.Links().First(link => link.Name == "eth0");
        _mac = link.Mac!.Value.ToString();
        _announcer = new AddressAnnouncer(_node.Name, link, () => true, TimeProvider.System, NullLogger.Instance);
        _running = _announcer.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _announcer?.Dispose();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _node?.Dispose();
        _peer?.Dispose();
        _stop.Dispose();
    }

    [Theory]
    [InlineData("192.0.2.200")]
    [InlineData("2001:db8::200")]
    public async Task Announced_address_is_answered_for_and_no_other(string text)
    {
        var address = IPAddress.Parse(text);
        _announcer.Add(address);
        await Eventually.TrueAsync(() => Ask(text) == _mac, s_deadline, () => _peer.Exec("ip", "neigh"));

        Assert.NotEqual(_mac, Ask(text.Replace("200", "201")));
        _announcer.Remove(address);
        _peer.Exec("ip", "neigh", "flush", "dev", "eth0");
        await Eventually.TrueAsync(() => State(text) is "FAILED" or "INCOMPLETE" or "", s_deadline, () => { Ask(text); return _peer.Exec("ip", "neigh"); });
        Assert.NotEqual(_mac, Ask(text));
    }

    [Theory]
    [InlineData("192.0.2.9", "192.0.2.77")]
    [InlineData("2001:db8::9", "2001:db8::77")]
    public async Task Address_that_another_host_has_is_found_before_it_is_announced(string taken, string free)
    {
        Assert.NotNull(await _announcer.ProbeAsync(IPAddress.Parse(taken), Cancel));
        Assert.Null(await _announcer.ProbeAsync(IPAddress.Parse(free), Cancel));
    }

    [Fact]
    public async Task Another_host_that_takes_the_address_is_told_that_it_is_a_duplicate()
    {
        _announcer.Add(IPAddress.Parse("2001:db8::200"));

        _peer.Exec("ip", "address", "add", "2001:db8::200/64", "dev", "eth0");

        // Linux's own duplicate address detection (RFC 4862) believes us.
        await Eventually.TrueAsync(() => _peer.Exec("ip", "-6", "address", "show", "dev", "eth0").Contains("dadfailed"), s_deadline, () => _peer.Exec("ip", "-6", "address"));
    }

    // The neighbour's address as the kernel learns it when something is sent there.
    private string Ask(string address)
    {
        _peer.Run(() =>
        {
            using var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.SendTo("?"u8.ToArray(), new IPEndPoint(IPAddress.Parse(address), 9));
            }
            catch (SocketException)
            {
                // Known to be unreachable.
            }

            return true;
        });
        return (string?)Neighbour(address)?["lladdr"] ?? "";
    }

    private string State(string address) => (string?)Neighbour(address)?["state"]?[0] ?? "";

    private JsonNode? Neighbour(string address) => JsonNode.Parse(_peer.Exec("ip", "-j", "neigh", "show", "dev", "eth0"))!.AsArray().FirstOrDefault(entry => (string?)entry!["dst"] == address);
}
