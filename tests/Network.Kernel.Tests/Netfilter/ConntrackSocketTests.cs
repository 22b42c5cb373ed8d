using System.Net;
using System.Net.Sockets;
using Network.Netlink.Netfilter;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Netfilter;

/// <summary><c>conntrack</c> makes and shows the entries that we read and remove.</summary>
public sealed class ConntrackSocketTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);
    private readonly ScratchNetNs _ns = Scratch();
    private readonly ConntrackSocket _socket;

    public ConntrackSocketTests() => _socket = ConntrackSocket.Open(_ns.Name);

    public void Dispose()
    {
        _socket.Dispose();
        _ns.Dispose();
    }

    [Fact]
    public void Entries_of_both_families_are_read_as_conntrack_made_them()
    {
        Insert("10.0.0.1", "10.96.0.1", "udp", 53, "--dst-nat", "10.244.1.2:5353");
        Insert("fd00::1", "fd00::2", "udp", 54);

        var entry = Assert.Single(_socket.Entries(AddressFamily.InterNetwork));
        var v6 = Assert.Single(_socket.Entries(AddressFamily.InterNetworkV6));

        Assert.Equal(new ConntrackTuple(IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.96.0.1"), 17, 4000, 53), entry.Original);
        Assert.Equal(new ConntrackTuple(IPAddress.Parse("10.244.1.2"), IPAddress.Parse("10.0.0.1"), 17, 5353, 4000), entry.Reply);
        Assert.True(entry is { IsDestinationRewritten: true, IsSourceRewritten: false, HasReply: false });
        Assert.InRange(entry.Timeout.TotalSeconds, 80, 100);
        Assert.Equal(new ConntrackTuple(IPAddress.Parse("fd00::1"), IPAddress.Parse("fd00::2"), 17, 4000, 54), v6.Original);
    }

    [Fact]
    public void Entries_that_the_condition_holds_for_go_and_others_stay()
    {
        for (var port = 1; port <= 200; port++)
            Insert("10.0.0.1", "10.96.0.1", port % 2 == 0 ? "udp" : "sctp", port);

        Assert.Equal(100, _socket.Delete(AddressFamily.InterNetwork, entry => entry.Original.Protocol == 17));
        Assert.Equal(0, _socket.Delete(AddressFamily.InterNetwork, entry => entry.Original.Protocol == 17));

        Assert.DoesNotContain("udp", List());
        Assert.Equal(100, List().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Entry_that_is_gone_by_now_is_no_error()
    {
        Insert("10.0.0.1", "10.96.0.1", "udp", 53);
        var entries = _socket.Entries(AddressFamily.InterNetwork);
        _ns.Exec("conntrack", "-F");

        Assert.Equal(0, _socket.Delete(entries));
    }

    [Fact]
    public async Task Monitor_tells_of_new_and_destroyed_entries()
    {
        using var monitor = ConntrackMonitor.Open(_ns.Name);
        Insert("10.0.0.1", "10.96.0.1", "udp", 53);
        _socket.Delete(AddressFamily.InterNetwork, _ => true);

        var seen = new List<ConntrackEvent>();
        while (seen.Count < 3)
            seen.Add(await monitor.Events.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(s_deadline, TestContext.Current.CancellationToken));
        Assert.Equal([ConntrackEventKind.Resync, ConntrackEventKind.New, ConntrackEventKind.Destroy], seen.Select(happened => happened.Kind));
        Assert.All(seen.Skip(1), happened => Assert.Equal(53, happened.Entry!.Original.DestinationPort));
    }

    private void Insert(string source, string destination, string protocol, int port, params string[] more) => _ns.Exec("conntrack",
        ["-I", "-s", source, "-d", destination, "-p", protocol, "--sport", "4000", "--dport", $"{port}", "--timeout", "100", .. protocol == "sctp" ? ["--state", "ESTABLISHED", "--orig-vtag", "1", "--reply-vtag", "2"] : Array.Empty<string>(), .. more]);

    private string List() => _ns.Exec("conntrack", "-L");

    private static ScratchNetNs Scratch()
    {
        Requires.Root();
        Requires.Tool("conntrack");
        return new ScratchNetNs("ct");
    }
}
