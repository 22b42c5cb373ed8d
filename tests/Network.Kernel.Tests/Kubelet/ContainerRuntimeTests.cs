using Microsoft.Extensions.Logging.Abstractions;
using Network.Kubelet.Runtime;
using Network.Kubelet.Runtime.Logs;
using Network.Kubelet.Runtime.Oci;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Kubelet;

public sealed class ContainerRuntimeTests
{
    [Fact]
    public async Task Container_leaves_its_output_and_exit_code_when_it_ends()
    {
        await using var directory = await KubeletDirectory.NewAsync();
        using var runtime = Runtime(directory);
        var container = await runtime.StartAsync(Spec(directory, "echo out; echo err >&2; printf tail; exit 7"));
        await container.Ended.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal((7, "Error"), (container.Record.ExitCode, container.Record.Reason));
        Assert.Equal("out\ntail", await ReadAsync(container, "stdout"));
        Assert.Equal("err\n", await ReadAsync(container, "stderr"));
        await runtime.RemoveAsync(container);
        Assert.False(Directory.Exists(container.Directory));
        Assert.Empty(Mounts.Below(directory.Path));
    }

    [Fact]
    public async Task Container_keeps_running_and_its_output_is_kept_when_the_kubelet_goes_and_comes_back()
    {
        await using var directory = await KubeletDirectory.NewAsync();
        var first = Runtime(directory);
        var started = await first.StartAsync(Spec(directory, "echo before; trap 'echo bye; exit 5' TERM; while true; do sleep 0.05; done"));
        await Eventually.TrueAsync(() => File.ReadAllText(started.Record.LogPath).Contains("before"), TimeSpan.FromSeconds(5));
        first.Dispose();

        using var second = Runtime(directory);
        second.Adopt();
        var adopted = Assert.Single(second.Containers);
        Assert.Equal(started.Record.Pid, adopted.Record.Pid);
        Assert.True(adopted.IsRunning);
        second.Signal(adopted, Processes.SIGTERM);
        await adopted.Ended.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(5, adopted.Record.ExitCode);
        Assert.EndsWith("bye\n", await ReadAsync(adopted));
        await second.RemoveAsync(adopted);
    }

    [Fact]
    public async Task Container_that_cannot_start_says_why_and_leaves_nothing_behind()
    {
        await using var directory = await KubeletDirectory.NewAsync();
        using var runtime = Runtime(directory);
        var spec = Spec(directory, "") with { Arguments = ["/no/such/program"] };
        var container = await runtime.StartAsync(spec);
        Assert.Equal((128, "StartError"), (container.Record.ExitCode, container.Record.Reason));
        Assert.Contains("/no/such/program", container.Record.Message);
        await runtime.RemoveAsync(container);
        Assert.Empty(Directory.GetDirectories(Path.Combine(directory.Path, "containers")));
    }

    private static ContainerRuntime Runtime(KubeletDirectory directory)
    {
        Processes.BecomeSubreaper();
        return new ContainerRuntime(new RuntimeCommand(RuntimeCommand.Detect(), Path.Combine(directory.Path, "runc")), directory.Path,
            directory.Images, TimeProvider.System, NullLogger<ContainerRuntime>.Instance);
    }

    private static ContainerSpec Spec(KubeletDirectory directory, string script) => new(
        new ContainerIdentity("default", "p", Guid.NewGuid().ToString(), "c", 0), directory.Images.Find("busybox")!, "busybox")
    {
        Arguments = ["sh", "-c", script],
        Environment = ["PATH=/bin:/usr/bin:/sbin:/usr/sbin"],
        CgroupPath = $"/podnet/test-{Path.GetFileName(directory.Path)}/c",
        LogPath = Path.Combine(directory.Path, "logs", "0.log"),
    };

    private static async Task<string> ReadAsync(Container container, string? stream = null)
    {
        using var text = new MemoryStream();
        await new LogReader(container.Record.LogPath, new LogOptions { Stream = stream }).CopyToAsync(text, container.Log, CancellationToken.None);
        return System.Text.Encoding.UTF8.GetString(text.ToArray());
    }
}
