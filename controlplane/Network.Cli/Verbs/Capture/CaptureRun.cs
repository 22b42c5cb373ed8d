using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Network.Capture;
using Network.Capture.Decode;
using Network.Capture.PcapNg;
using Network.Labs.Cluster;
using Network.Labs.Cluster.Taps;

namespace Network.Cli.Verbs.Capture;

/// <summary>One run of the verb: finds the devices, records, says what was seen.</summary>
internal sealed class CaptureRun(ClusterPaths paths, string[] words, string? file)
{
    internal async Task<int> RunAsync(Func<string, CaptureSettings> settingsFor, CancellationToken cancel)
    {
        var (points, filterWords) = TapResolver.For(paths).Split(words);
        var settings = settingsFor(string.Join(' ', filterWords)) with
        {
            Sources = points.Select(point => new CaptureSource(point.Name, point.NetNs, point.Device, point.Description)).ToList(),
        };
        var names = file is null ? [] : await AddressNames.ReadAsync(paths, cancel).ConfigureAwait(false);
        using var session = CaptureSession.Open(settings, TimeProvider.System);
        await using var output = file is null or "-" ? StandardOutput() : new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await Console.Error.WriteLineAsync($"capturing on {string.Join(", ", points.Select(point => point.Name))}"
            + $"{(settings.Filter.Length > 0 ? $", filter: {settings.Filter}" : "")}; Ctrl-C ends it").ConfigureAwait(false);
        // Not disposed: that would write once more what a reader that has gone did not take.
        var lines = new StreamWriter(output, leaveOpen: true);
        IPacketSink sink = file is null
            ? new LineSink(lines, TimeZoneInfo.Local)
            : new PcapNgSink(output, $"podnet {typeof(CaptureRun).Assembly.GetName().Version!.ToString(3)}", $"cluster {paths.Name}: {string.Join(' ', words)}",
                names.Select(name => new PcapNgName(name.Address, name.Name)).ToList());
        // The session blocks its thread, so it gets one of its own.
        var report = await Task.Factory.StartNew(() => session.Run(sink, cancel), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .ConfigureAwait(false);
        await Console.Error.WriteAsync(Summary(report)).ConfigureAwait(false);
        return 0;
    }

    // Console's own stream hides that the reader of a pipe has gone; a file has no reader and may be shared with standard error.
    private static Stream StandardOutput()
    {
        var descriptor = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return descriptor.CanSeek ? Console.OpenStandardOutput() : descriptor;
    }

    private string Summary(CaptureReport report)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        var width = report.Sources.Max(source => source.Source.Name.Length);
        foreach (var source in report.Sources)
            text.WriteLine($"{source.Source.Name.PadRight(width)}  {source.Packets,8} packets  {source.Lost,6} lost{(source.Ended is null ? "" : $"  ended early: {source.Ended}")}");
        text.WriteLine($"{report.Packets} packets in {(report.Ended - report.Started).TotalSeconds:0.0} s, {report.Lost} lost"
            + $"{(report.Late > 0 ? $", {report.Late} out of order" : "")}{(file is null or "-" ? "" : $", written to {file}")}");
        return text.ToString();
    }
}
