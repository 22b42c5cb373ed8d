using Network.Capture;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Capture;

/// <summary>The same traffic at the same device, recorded by tcpdump and by podnet at once.</summary>
public sealed class TcpdumpTests : IDisposable
{
    // No ARP and no neighbour discovery, which come when they like.
    private const string Filter = "udp";
    private const int Datagrams = 2000;
    private const int Pings = 20;
    private readonly VxlanPair _pair;
    private readonly string _theirs = Path.GetTempFileName();
    private readonly string _words = Path.GetTempFileName();

    public TcpdumpTests()
    {
        Requires.Root();
        Requires.Tool("tcpdump");
        Requires.Tool("editcap");
        _pair = new VxlanPair();
    }

    public void Dispose()
    {
        _pair.Dispose();
        File.Delete(_theirs);
        File.Delete(_words);
    }

    [Theory]
    [InlineData(262144)]
    [InlineData(60)]
    public async Task Both_record_the_same_packets_byte_for_byte(int snapLength)
    {
        var tcpdump = Child.Start(new ChildSpec("tcpdump", ["-i", "eth0", "-n", "-U", "-Z", "root", "-B", "16384", "-s", $"{snapLength}", "-w", _theirs, Filter])
        {
            NetNs = _pair.A.Name,
            LogFile = _words,
        });
        try
        {
            await Eventually.TrueAsync(() => File.ReadAllText(_words).Contains("listening on"), TimeSpan.FromSeconds(20), () => File.ReadAllText(_words));
            using var recording = await Recording.OfAsync(new CaptureSettings([_pair.UnderlayOfA]) { Filter = Filter, SnapLength = snapLength }, () =>
            {
                // The tunnel's ARP is inside UDP: asked and answered within the recording of both.
                VxlanPair.Ping(_pair.A, "10.9.0.2", Pings);
                _pair.SendUdp(9999, Datagrams);
            });
            var ours = recording.Packets();
            await Eventually.TrueAsync(() => Recording.PacketsOf(_theirs).Count >= ours.Count, TimeSpan.FromSeconds(20), () => $"tcpdump has {Recording.PacketsOf(_theirs).Count} of {ours.Count}");
            var theirs = Recording.PacketsOf(_theirs);

            Assert.True(ours.Count >= Datagrams + (2 * Pings), $"{ours.Count} packets");
            Assert.Equal(theirs.Count, ours.Count);
            for (var i = 0; i < ours.Count; i++)
                Assert.True(theirs[i].WireLength == ours[i].WireLength && theirs[i].Bytes.AsSpan().SequenceEqual(ours[i].Bytes), $"packet {i}: tcpdump {theirs[i]}, podnet {ours[i]}");
        }
        finally
        {
            tcpdump.Kill(Processes.SIGTERM);
            await tcpdump.WaitAsync();
        }
    }
}
