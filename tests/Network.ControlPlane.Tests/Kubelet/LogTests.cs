using System.Text;
using Network.Kubelet.Runtime.Logs;
using Xunit;

namespace Network.ControlPlane.Tests.Kubelet;

public sealed class LogTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-log-").FullName;

    private string LogPath => Path.Combine(_directory, "0.log");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Log_reads_back_what_the_container_wrote_when_lines_are_long_or_unfinished()
    {
        var text = $"short\n{new string('x', 40_000)}\n\nunfinished";
        using (var file = new LogFile(LogPath, TimeProvider.System))
        {
            var stream = new LogStream("stdout", file, (_, _) => { }, () => { });
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var i = 0; i < bytes.Length; i += 777)
                stream.Data(bytes.AsSpan(i, Math.Min(777, bytes.Length - i)));
            stream.End();
        }

        Assert.Equal(text, await ReadAsync(new LogOptions()));
        Assert.All(File.ReadLines(LogPath), line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z stdout [PF] ", line));
    }

    [Fact]
    public async Task Follower_gets_every_line_when_the_log_is_rotated_under_it()
    {
        var file = new LogFile(LogPath, TimeProvider.System, rotateAt: 400);
        using var read = new MemoryStream();
        file.Write("stdout", "first"u8, true);
        file.Flush();
        var following = new LogReader(LogPath, new LogOptions { Follow = true }).CopyToAsync(read, file, TestContext.Current.CancellationToken);
        for (var i = 0; i < 100; i++)
        {
            file.Write("stdout", Encoding.ASCII.GetBytes($"line {i}"), true);
            file.Flush();
            await TestKit.Eventually.TrueAsync(() => Encoding.ASCII.GetString(read.ToArray()).EndsWith($"line {i}\n"), TimeSpan.FromSeconds(5));
        }

        file.Dispose();
        await following;
        Assert.Equal(["first", .. Enumerable.Range(0, 100).Select(i => $"line {i}")], Encoding.ASCII.GetString(read.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(LogFile.KeptFiles, Directory.GetFiles(_directory).Length);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(2, "8\n9\n")]
    [InlineData(10, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n")]
    [InlineData(99, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n")]
    public async Task Tail_gives_the_last_lines(long lines, string expected)
    {
        File.WriteAllLines(LogPath, Enumerable.Range(0, 10).Select(i => $"2026-01-01T00:00:{i:00}.123456789Z stdout F {i}"));
        Assert.Equal(expected, await ReadAsync(new LogOptions { TailLines = lines }));
    }

    [Fact]
    public async Task Since_leaves_older_lines_out()
    {
        File.WriteAllLines(LogPath, Enumerable.Range(0, 10).Select(i => $"2026-01-01T00:00:{i:00}.123456789Z stderr F {i}"));
        Assert.Equal("8\n9\n", await ReadAsync(new LogOptions { Since = new DateTimeOffset(2026, 1, 1, 0, 0, 8, TimeSpan.Zero) }));
        Assert.Equal("", await ReadAsync(new LogOptions { Stream = "stdout" }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00Z stdout")]
    [InlineData("2026-01-01T00:00:00Z stdout X text")]
    public void Line_that_is_no_log_entry_is_refused(string line) => Assert.False(LogLine.TryParse(Encoding.ASCII.GetBytes(line), out _));

    private async Task<string> ReadAsync(LogOptions options)
    {
        using var text = new MemoryStream();
        await new LogReader(LogPath, options).CopyToAsync(text, null, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
