using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using Network.Capture;
using Network.Capture.PcapNg;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Capture;

public sealed class CaptureEndTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private readonly VxlanPair _pair;

    public CaptureEndTests()
    {
        Requires.Root();
        Requires.Tool("tshark");
        _pair = new VxlanPair();
    }

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task Capture_ends_after_exactly_the_count()
    {
        using var session = CaptureSession.Open(new CaptureSettings([_pair.UnderlayOfA]) { Filter = "udp port 9999", Count = 7 }, TimeProvider.System);
        var run = Recording.Start(session, new AllocationSink(), CancellationToken.None);
        _pair.SendUdp(9999, 20);
        Assert.Equal(7, (await run.WaitAsync(s_patience)).Packets);
    }

    [Fact]
    public async Task Capture_ends_after_the_duration_without_any_packet()
    {
        using var session = CaptureSession.Open(new CaptureSettings([_pair.UnderlayOfA]) { Duration = TimeSpan.FromMilliseconds(200) }, TimeProvider.System);
        var report = await Recording.Start(session, new AllocationSink(), CancellationToken.None).WaitAsync(s_patience);
        Assert.InRange(report.Ended - report.Started, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Capture_ends_with_the_reason_when_its_only_device_goes_away()
    {
        using var session = CaptureSession.Open(new CaptureSettings([_pair.TunnelOfA]), TimeProvider.System);
        var run = Recording.Start(session, new AllocationSink(), CancellationToken.None);
        _pair.A.Exec("ip", "link", "delete", "vx");
        var report = await run.WaitAsync(s_patience);
        Assert.NotNull(Assert.Single(report.Sources).Ended);
    }

    [Fact]
    public async Task Capture_ends_when_its_reader_goes_away()
    {
        using var session = CaptureSession.Open(new CaptureSettings([_pair.UnderlayOfA]), TimeProvider.System);
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        pipe.ClientSafePipeHandle.Dispose();
        var run = Recording.Start(session, new PcapNgSink(pipe, "podnet test", "", []), CancellationToken.None);
        await run.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Capture_ends_when_its_reader_goes_away_and_nothing_is_captured()
    {
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var output = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        using var session = CaptureSession.Open(new CaptureSettings([_pair.UnderlayOfA]) { Filter = "udp port 1", Output = output }, TimeProvider.System);
        var run = Recording.Start(session, new AllocationSink(), CancellationToken.None);
        Assert.False(run.IsCompleted);
        pipe.ClientSafePipeHandle.Dispose();
        await run.WaitAsync(s_patience);
    }

    [Fact]
    public async Task Packets_are_visible_to_tshark_while_the_capture_runs()
    {
        var seen = Path.GetTempFileName();
        using var session = CaptureSession.Open(new CaptureSettings([_pair.UnderlayOfA]) { Filter = "udp port 9999" }, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var input = new SafeFileHandle(pipe.ClientSafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        var tshark = Child.Start(new ChildSpec("tshark", ["-n", "-l", "-i", "-", "-T", "fields", "-e", "frame.interface_name", "-e", "udp.dstport"])
        {
            StandardInput = input,
            LogFile = seen,
        });
        pipe.DisposeLocalCopyOfClientHandle();
        var run = Recording.Start(session, new PcapNgSink(pipe, "podnet test", "", []), stop.Token);

        _pair.SendUdp(9999, 3);
        await Eventually.TrueAsync(() => File.ReadAllLines(seen).Count(line => line == "a/eth0\t9999") == 3, s_patience, () => File.ReadAllText(seen));
        Assert.False(run.IsCompleted);
        _pair.SendUdp(9999, 2);
        await Eventually.TrueAsync(() => File.ReadAllLines(seen).Count(line => line == "a/eth0\t9999") == 5, s_patience, () => File.ReadAllText(seen));

        await stop.CancelAsync();
        await run.WaitAsync(s_patience);
        await pipe.DisposeAsync();
        Assert.Equal(0, (await tshark.WaitAsync().WaitAsync(s_patience)).ShellCode);
        File.Delete(seen);
    }

    [Fact]
    public async Task Recording_allocates_nothing_for_a_packet()
    {
        var sink = new AllocationSink();
        using var session = CaptureSession.Open(new CaptureSettings([_pair.UnderlayOfA, _pair.UnderlayOfB]) { Filter = "udp port 9999" }, TimeProvider.System);
        var run = Recording.Start(session, sink, CancellationToken.None);
        // The first burst fills the pools of buffers.
        _pair.SendUdp(9999, 5000);
        await Eventually.TrueAsync(() => sink.Packets == 10000, s_patience, () => $"{sink.Packets} packets");
        sink.Mark();
        _pair.SendUdp(9999, 2000);
        await Eventually.TrueAsync(() => sink.Packets == 14000, s_patience, () => $"{sink.Packets} packets");
        session.Dispose();
        await run;

        Assert.True(sink.MeasuredPackets == 4000, $"only {sink.MeasuredPackets} packets were measured");
        var each = (double)sink.MeasuredBytes / sink.MeasuredPackets;
        Assert.True(each < 1, $"{each:0.00} bytes a packet");
    }
}
