using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Kubelet.Cni;
using Network.Kubelet.Sandbox;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Kubelet;

public sealed class CniRunnerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-cni-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void First_valid_configuration_in_lexical_order_is_the_network()
    {
        Assert.Null(CniNetwork.Find(_directory, out _));
        Write("00-broken.conf", "{");
        Write("05-readme.txt", "x");
        Assert.Null(CniNetwork.Find(_directory, out var problem));
        Assert.Contains("00-broken.conf", problem);
        Write("20-b.conf", """{"cniVersion":"0.4.0","name":"b","type":"bridge"}""");
        Write("10-a.conflist", """{"cniVersion":"0.4.0","cniVersions":["0.3.1","1.1.0","9.0.0"],"name":"a","plugins":[{"type":"x"},{"type":"y"}]}""");
        var found = CniNetwork.Find(_directory, out _)!;
        Assert.Equal(("a", "1.1.0", 2), (found.Name, found.Version, found.Plugins.Count));
    }

    [Fact]
    public void Plugin_gets_its_capabilities_as_runtime_configuration_and_never_the_list_itself()
    {
        CniNetwork.TryParse("""{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"portmap","capabilities":{"portMappings":true}},{"type":"bridge"}]}""", "f", out var network, out _);
        var attachment = new CniAttachment("id", "/ns", "d", "p", "u")
        {
            Capabilities = new Dictionary<string, JsonNode> { ["portMappings"] = new JsonArray(1), ["bandwidth"] = new JsonObject() },
        };
        var previous = new JsonObject { ["ips"] = new JsonArray() };
        var config = CniRunner.ConfigurationFor(network, network.Plugins[0], attachment, previous);
        Assert.Equal("""{"type":"portmap","cniVersion":"1.0.0","name":"n","runtimeConfig":{"portMappings":[1]},"prevResult":{"ips":[]}}""", config.ToJsonString());
        Assert.Null(CniRunner.ConfigurationFor(network, network.Plugins[1], attachment, null)["runtimeConfig"]);
        Assert.NotNull(network.Plugins[0]["capabilities"]);
    }

    [Fact]
    public async Task Plugins_are_chained_on_add_and_run_in_reverse_on_delete()
    {
        var log = Path.Combine(_directory, "log");
        foreach (var name in (string[])["one", "two"])
        {
            var script = $"#!/bin/sh\necho \"{name} $CNI_COMMAND $CNI_IFNAME $CNI_ARGS $(cat)\" >> {log}\necho '{{\"ips\":[{{\"address\":\"10.0.0.{name.Length}/24\"}}],\"by\":\"{name}\"}}'\n";
            File.WriteAllText(Path.Combine(_directory, name), script);
            File.SetUnixFileMode(Path.Combine(_directory, name), (UnixFileMode)0x1ED);
        }

        CniNetwork.TryParse("""{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"one"},{"type":"two"}]}""", "f", out var network, out _);
        using var runner = new CniRunner(["/nowhere", _directory]);
        var attachment = new CniAttachment("id", "/ns", "shop", "web", "u1");
        var result = await runner.AddAsync(network, attachment, TestContext.Current.CancellationToken);
        Assert.Equal(["10.0.0.3"], CniRunner.AddressesOf(result));
        await runner.DeleteAsync(network, attachment, result, TestContext.Current.CancellationToken);
        var lines = File.ReadAllLines(log);
        Assert.Equal(["one ADD", "two ADD", "two DEL", "one DEL"], lines.Select(line => string.Join(' ', line.Split(' ')[..2])));
        Assert.Contains("IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=id;K8S_POD_UID=u1", lines[0]);
        Assert.Contains("\"by\":\"one\"", lines[1]);
        Assert.Contains("\"by\":\"two\"", lines[3]);
    }

    [Fact]
    public async Task Refusal_of_a_plugin_is_told_with_its_code_and_words()
    {
        File.WriteAllText(Path.Combine(_directory, "bad"), "#!/bin/sh\necho '{\"code\":7,\"msg\":\"no range\",\"details\":\"ipam\"}'\nexit 1\n");
        File.SetUnixFileMode(Path.Combine(_directory, "bad"), (UnixFileMode)0x1ED);
        CniNetwork.TryParse("""{"cniVersion":"1.0.0","name":"n","type":"bad"}""", "f", out var network, out _);
        using var runner = new CniRunner([_directory]);
        var refusal = await Assert.ThrowsAsync<CniException>(() => runner.AddAsync(network, new CniAttachment("id", "/ns", "d", "p", "u"), TestContext.Current.CancellationToken));
        Assert.Equal((7, "plugin type=\"bad\" failed (code 7): no range; ipam"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task Plugins_are_told_which_attachments_there_are_when_nobody_attaches()
    {
        var log = Path.Combine(_directory, "log");
        WriteScript("one", $"echo \"$CNI_COMMAND $CNI_PATH $(cat)\" >> {log}");
        CniNetwork.TryParse("""{"cniVersion":"1.1.0","name":"n","plugins":[{"type":"one","capabilities":{"portMappings":true}}]}""", "f", out var network, out _);
        using var runner = new CniRunner([_directory]);

        await runner.RequireReadyAsync(network, TestContext.Current.CancellationToken);
        await runner.CollectAsync(network, () => ["a"], TestContext.Current.CancellationToken);
        await runner.CollectAsync(network with { Version = "1.0.0" }, () => ["a"], TestContext.Current.CancellationToken);
        await runner.CollectAsync(network with { DisableGc = true }, () => ["a"], TestContext.Current.CancellationToken);

        var lines = File.ReadAllLines(log);
        Assert.Equal([$"STATUS {_directory}", $"GC {_directory}"], lines.Select(line => string.Join(' ', line.Split(' ')[..2])));
        Assert.Contains("""
            "cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0"}]
            """.Trim(), lines[1]);
        Assert.DoesNotContain("capabilities", lines[1]);
    }

    [Fact]
    public async Task Collection_waits_for_those_who_attach()
    {
        WriteScript("slow", $"[ $CNI_COMMAND = ADD ] && while [ ! -e {_directory}/go ]; do :; done; echo $CNI_COMMAND >> {_directory}/log; echo '{{}}'");
        CniNetwork.TryParse("""{"cniVersion":"1.1.0","name":"n","type":"slow"}""", "f", out var network, out _);
        using var runner = new CniRunner([_directory]);
        var added = false;

        var add = runner.AddAsync(network, new CniAttachment("id", "/ns", "d", "p", "u"), TestContext.Current.CancellationToken);
        var collect = runner.CollectAsync(network, () => added ? ["id"] : throw new InvalidOperationException("asked too early"), TestContext.Current.CancellationToken);
        added = true;
        Write("go", "");
        await add;
        await collect;

        Assert.Equal(["ADD", "GC"], File.ReadAllLines(Path.Combine(_directory, "log")));
    }

    [Fact]
    public async Task Refused_STATUS_is_the_nodes_obstacle_until_it_passes()
    {
        Write("10-n.conflist", """{"cniVersion":"1.1.0","name":"n","plugins":[{"type":"full"}]}""");
        WriteScript("full", $"[ $CNI_COMMAND = GC ] && exit 0; [ -e {_directory}/free ] && exit 0; echo '{{\"code\":50,\"msg\":\"no address is free\"}}'; exit 1");
        using var networks = new CniDirectory(_directory);
        using var runner = new CniRunner([_directory]);
        var clock = new ManualTime();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = new CniUpkeep(networks, runner, _directory, clock, NullLogger<CniUpkeep>.Instance).RunAsync(stop.Token);

        await Eventually.TrueAsync(() => networks.Obstacle?.Contains("no address is free", StringComparison.Ordinal) == true, TimeSpan.FromSeconds(30));
        Write("free", "");
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(15));
            return networks.Obstacle is null;
        }, TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData(50, true, false)]
    [InlineData(50, false, true)]
    [InlineData(51, true, true)]
    [InlineData(11, true, true)]
    public async Task Node_with_pods_stays_ready_when_only_further_ones_cannot_be_attached(int code, bool hasPods, bool isObstacle)
    {
        var pod = Directory.CreateDirectory(Path.Combine(_directory, "pods", "u1")).FullName;
        File.WriteAllText(SandboxKeeper.FileOf(pod), new PodSandbox("id", "ns", []) { Attached = hasPods }.ToJson());
        Write("10-n.conflist", """{"cniVersion":"1.1.0","name":"n","plugins":[{"type":"full"}]}""");
        WriteScript("full", $"echo $CNI_COMMAND >> {_directory}/log; [ $CNI_COMMAND = GC ] && exit 0; echo '{{\"code\":{code},\"msg\":\"no\"}}'; exit 1");
        using var networks = new CniDirectory(_directory);
        networks.Report("not asked yet");
        using var runner = new CniRunner([_directory]);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = new CniUpkeep(networks, runner, _directory, new ManualTime(), NullLogger<CniUpkeep>.Instance).RunAsync(stop.Token);

        // GC comes behind STATUS in the same round.
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(_directory, "log")) && File.ReadAllText(Path.Combine(_directory, "log")).Contains("GC", StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.Equal(isObstacle ? $"(code {code})" : null, networks.Obstacle is { } words ? words[words.IndexOf('(', StringComparison.Ordinal)..(words.IndexOf(')', StringComparison.Ordinal) + 1)] : null);
        await stop.CancelAsync();
        await running;
    }

    private void WriteScript(string name, string body)
    {
        Write(name, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(Path.Combine(_directory, name), (UnixFileMode)0x1ED);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text);
}
