using System.Net;
using System.Net.Sockets;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Kubelet;

/// <summary>The kubelet's streams with the real kubectl, in the protocol of today and the one before.</summary>
public sealed class StreamingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Exec_carries_input_both_outputs_and_the_exit_code_when_kubectl_asks(bool spdy)
    {
        await using var pod = await RunningPod.NewAsync();
        var echoed = await pod.Kubectl.RunAsync(spdy, "one\ntwo\n", "exec", "-i", pod.Name, "--", "sh", "-c", "cat; echo wrong >&2; exit 7");
        Assert.Equal("one\ntwo\n", echoed.Output);
        Assert.Contains("wrong\n", echoed.Error);
        Assert.Contains("exit code 7", echoed.Error);
        Assert.Equal(7, echoed.Exit.Code);
        var missing = await pod.Kubectl.RunAsync(spdy, null, "exec", pod.Name, "--", "/no/such/program");
        Assert.NotEqual(0, missing.Exit.Code);
        Assert.Contains("/no/such/program", missing.Error);
        var large = await pod.Kubectl.RunAsync(spdy, null, "exec", pod.Name, "--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x");
        Assert.Equal(3_000_000, large.Output.Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Port_forward_reaches_loopback_of_the_pod_when_kubectl_connects(bool spdy)
    {
        await using var pod = await RunningPod.NewAsync();
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        var child = Child.Start(pod.Kubectl.Spec(spdy, ["port-forward", $"pod/{pod.Name}", $"{port}:80"]));
        try
        {
            for (var i = 0; i < 3; i++)
                await Eventually.TrueAsync(async () => await pod.GetAsync($"http://127.0.0.1:{port}/index.html") == "hello\n", TimeSpan.FromSeconds(10));
        }
        finally
        {
            child.Kill(Processes.SIGTERM);
            await child.WaitAsync();
        }
    }

    [Fact]
    public async Task Logs_give_tail_timestamps_and_limits_when_kubectl_asks()
    {
        await using var pod = await RunningPod.NewAsync();
        await Eventually.TrueAsync(async () => (await pod.Kubectl.RunAsync(false, null, "logs", pod.Name)).Output == "a\nb\nc\n", TimeSpan.FromSeconds(5));
        Assert.Equal("c\n", (await pod.Kubectl.RunAsync(false, null, "logs", pod.Name, "--tail=1")).Output);
        Assert.Equal("a\nb", (await pod.Kubectl.RunAsync(false, null, "logs", pod.Name, "--limit-bytes=3")).Output);
        Assert.Matches("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{9}Z c\n$", (await pod.Kubectl.RunAsync(false, null, "logs", pod.Name, "--tail=1", "--timestamps")).Output);
        var previous = await pod.AskAsync($"/containerLogs/default/{pod.Name}/c?previous=true");
        Assert.Equal((HttpStatusCode.BadRequest, $"previous terminated container \"c\" in pod \"{pod.Name}\" not found\n"), previous);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Terminal_is_given_to_the_command_when_kubectl_asks_for_one(bool spdy)
    {
        Requires.Tool("script");
        await using var pod = await RunningPod.NewAsync();
        var spec = pod.Kubectl.Spec(spdy, []);
        var result = await Command.RunAsync(spec with
        {
            File = "script",
            Arguments = ["-qec", $"kubectl exec -it {pod.Name} -- sh -c 'tty; stty size; exit 3'", "/dev/null"],
        }, "");
        Assert.Contains("/dev/pts/0", result.Output);
        Assert.Equal(3, result.Exit.Code);
    }
}
