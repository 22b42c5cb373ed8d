using System.Text;
using Network.Capture;
using Network.Capture.PcapNg;
using Network.TestKit;

namespace Network.Kernel.Tests.Capture;

/// <summary>Runs a session around some traffic and reads the result with tshark.</summary>
internal sealed class Recording : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    internal CaptureReport Report { get; private set; } = null!;

    internal static async Task<Recording> OfAsync(CaptureSettings settings, Action traffic)
    {
        var recording = new Recording();
        await using var output = File.Create(recording._file);
        recording.Report = await RunAsync(settings, new PcapNgSink(output, "podnet test", "test", []), traffic);
        return recording;
    }

    /// <summary>Stops the session when the traffic has been sent.</summary>
    internal static async Task<CaptureReport> RunAsync(CaptureSettings settings, IPacketSink sink, Action traffic)
    {
        using var session = CaptureSession.Open(settings, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var run = Start(session, sink, stop.Token);
        traffic();
        await stop.CancelAsync();
        return await run.WaitAsync(TimeSpan.FromSeconds(20));
    }

    internal static Task<CaptureReport> Start(CaptureSession session, IPacketSink sink, CancellationToken stop) =>
        Task.Factory.StartNew(() => session.Run(sink, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    internal string[][] Fields(string filter, params string[] fields)
    {
        var arguments = new List<string> { "-n", "-r", _file, "-Y", filter, "-T", "fields", "-E", "separator=|", "-E", "occurrence=l" };
        foreach (var field in fields)
            arguments.AddRange(["-e", field]);
        return Shell.Run("tshark", [.. arguments]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|')).ToArray();
    }

    /// <summary>The packets of the recording, as Wireshark's editcap reads it.</summary>
    internal IReadOnlyList<RecordedPacket> Packets()
    {
        var classic = Path.GetTempFileName();
        try
        {
            Shell.Run("editcap", "-F", "pcap", _file, classic);
            return PacketsOf(classic);
        }
        finally
        {
            File.Delete(classic);
        }
    }

    /// <summary>The whole packets of a classic capture file (pcap-savefile(5)) of this machine's byte order, also while it grows.</summary>
    internal static IReadOnlyList<RecordedPacket> PacketsOf(string file)
    {
        const int fileHeader = 24, packetHeader = 16;
        var bytes = File.ReadAllBytes(file);
        var packets = new List<RecordedPacket>();
        for (var at = fileHeader; at + packetHeader <= bytes.Length;)
        {
            var captured = BitConverter.ToInt32(bytes, at + 8);
            if (at + packetHeader + captured > bytes.Length)
                break;
            packets.Add(new RecordedPacket(BitConverter.ToInt32(bytes, at + 12), bytes[(at + packetHeader)..(at + packetHeader + captured)]));
            at += packetHeader + captured;
        }

        return packets;
    }

    internal string Text() => new StringBuilder().AppendJoin('\n', Fields("frame", "frame.number", "frame.time_epoch", "frame.interface_name", "_ws.col.Protocol", "_ws.col.Info")
        .Select(line => string.Join(' ', line))).ToString();

    public void Dispose() => File.Delete(_file);
}
