using System.Text.Json.Nodes;
using Network.Kernel.Tests.Overlay;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>podman on one node and containerd on another, both with this plugin, and the overlay between them.</summary>
public sealed class ForeignRuntimeTests : IAsyncLifetime
{
    private const string Image = "docker.io/library/cni-test:latest";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("runtimes");
    private readonly List<OverlayNode> _nodes = [];
    private ScratchNetNs? _segment;
    private Child? _containerd;

    public async ValueTask InitializeAsync()
    {
        Requires.Root();
        foreach (var tool in (string[])["busybox", "podman", "containerd", "ctr", "runc", "unshare", "tar"])
            Requires.Tool(tool);
        _segment = new ScratchNetNs("segment");
        _segment.Exec("ip", "link", "add", "lan", "up", "type", "bridge");
        _segment.Exec("ip", "address", "add", "192.0.2.254/24", "dev", "lan");
        for (var number = 1; number <= 2; number++)
        {
            _nodes.Add(new OverlayNode(_segment, number));
            await _nodes[^1].StartAsync();
            WriteNetwork(number, _nodes[^1].Daemon.LocalVtep!.Mtu);
        }

        foreach (var node in _nodes)
            await node.Daemon.ApplyAsync([.. _nodes.Select(other => other.AsPeer)], TestContext.Current.CancellationToken);
        MakeTools();
        // What serves is the image's own command: containerd runs that in a sandbox.
        Podman("import", "--change", "CMD [\"/bin/busybox\",\"httpd\",\"-f\",\"-p\",\"80\",\"-h\",\"/www\"]", In("image.tar"), Image);
        Podman("save", "--format", "oci-archive", "--output", In("image.oci"), Image);
    }

    public async ValueTask DisposeAsync()
    {
        if (_segment is not null && File.Exists(In("podman.conf")))
            Attempt(() => Podman("rm", "--all", "--force", "--time", "0"));
        if (_containerd is not null)
        {
            Attempt(() => Ctr("test", "task", "kill", "--signal", "SIGKILL", "c1"));
            Attempt(() => Ctr("test", "task", "delete", "--force", "c1"));
            _containerd.Kill(15);
            _containerd.Wait();
        }

        foreach (var node in _nodes)
            await node.DisposeAsync();
        _segment?.Dispose();
        // Layers of containers that are still mounted would be left; everything else goes.
        Attempt(() => _folder.Delete(recursive: true));
    }

    [Fact]
    public async Task Pods_of_podman_and_containerd_reach_each_other_and_leave_nothing()
    {
        Podman("run", "--detach", "--name", "web", "--publish", "8080:80", "--ip", "10.244.1.9", Image, "/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www");
        var shown = JsonNode.Parse(Podman("inspect", "web", "--format", "{{json .NetworkSettings.Networks.podnet}}"))!;
        Assert.Equal(("10.244.1.9", "0a:58:0a:f4:01:09"), ((string?)shown["IPAddress"], (string?)shown["MacAddress"]));

        await StartContainerdAsync();
        var fetched = Ctr("test", "run", "--rm", "--cni", "--snapshotter", "native", Image, "c0", "/bin/busybox", "wget", "-q", "-O", "-", "http://10.244.1.9/");
        Assert.Contains("it works", fetched);
        Ctr("test", "run", "--detach", "--cni", "--snapshotter", "native", Image, "c1", "/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/www");
        var address = Ctr("test", "task", "exec", "--exec-id", "e1", "c1", "/bin/busybox", "ip", "-4", "-o", "address", "show", "eth0").Split("inet ")[1].Split('/')[0];
        Assert.StartsWith("10.244.2.", address);
        Assert.Contains("it works", Podman("exec", "web", "/bin/busybox", "wget", "-q", "-O", "-", $"http://{address}/"));
        Assert.Contains("it works", _nodes[1].Ns.Exec("busybox", "wget", "-q", "-O", "-", "http://192.0.2.1:8080/"));

        Podman("rm", "--force", "--time", "0", "web");
        Assert.DoesNotContain("veth", _nodes[0].Ns.Exec("ip", "-d", "link", "show", "master", "w1-br"));
        Assert.DoesNotContain("dnat", _nodes[0].Ns.Exec("nft", "list", "ruleset"));
    }

    [Fact]
    public async Task Pod_that_containerd_makes_for_a_kubelet_is_reached_from_podman_through_the_overlay_and_leaves_nothing()
    {
        await StartContainerdAsync();
        using var runtime = new CriClient(In("containerd.sock"));
        await Eventually.TrueAsync(async () => await runtime.ObstacleAsync() is null, TimeSpan.FromSeconds(60), () => File.ReadAllText(In("containerd.log")));

        var (id, address) = await runtime.RunAsync("web", In("logs"), 8080);
        try
        {
            Assert.StartsWith("10.244.2.", address);
            var links = JsonNode.Parse(_nodes[1].Ns.Exec("ip", "-j", "link", "show", "master", "w2-br"))!.AsArray();
            Assert.Equal("shop/web/eth0", (string?)Assert.Single(links)!["ifalias"]);
            Assert.Equal(2, JsonNode.Parse(_nodes[1].Ns.Exec("tc", "-j", "qdisc", "show"))!.AsArray().Count(queue => (string?)queue!["kind"] == "tbf"));
            // The sandbox's own process serves, on another node than podman's container that asks, and at the node's port.
            Assert.Contains("it works", Podman("run", "--rm", Image, "/bin/busybox", "wget", "-q", "-O", "-", $"http://{address}/"));
            Assert.Contains("it works", _nodes[0].Ns.Exec("busybox", "wget", "-q", "-O", "-", "http://192.0.2.2:8080/"));
            var tunnel = JsonNode.Parse(_nodes[1].Ns.Exec("ip", "-j", "-s", "link", "show", "dev", "w2-vx"))![0]!["stats64"]!["rx"]!;
            Assert.True((int)tunnel["packets"]! > 0);
        }
        finally
        {
            await runtime.RemoveAsync(id);
        }

        Assert.Equal("[]", _nodes[1].Ns.Exec("ip", "-j", "link", "show", "master", "w2-br").Trim());
        Assert.DoesNotContain(id, _nodes[1].Ns.Exec("nft", "-j", "list", "ruleset"));
        Assert.Contains($"- {address} {id} eth0", File.ReadAllText(In("data2/podnet/leases")));
    }

    private async Task StartContainerdAsync()
    {
        _containerd = Child.Start(new ChildSpec("containerd", ["--config", In("containerd.toml")]) { NetNs = _nodes[1].Ns.Name, LogFile = In("containerd.log") });
        await Eventually.TrueAsync(() => Attempt(() => Ctr("test", "version")), TimeSpan.FromSeconds(60), () => File.ReadAllText(In("containerd.log")));
        foreach (var space in (string[])["test", "k8s.io"])
            Ctr(space, "image", "import", "--snapshotter", "native", In("image.oci"));
    }

    private void WriteNetwork(int number, int mtu)
    {
        Directory.CreateDirectory(In($"net{number}"));
        File.WriteAllText(In($"net{number}/10-podnet.conflist"), $$"""
            {"cniVersion":"1.0.0","name":"podnet","plugins":[{"type":"podnet-cni","bridge":"w{{number}}-br","mtu":{{mtu}},
             "capabilities":{"portMappings":true,"bandwidth":true,"ips":true,"mac":true},
             "ipam":{"subnet":"10.244.{{number}}.0/24","dataDir":"{{In($"data{number}")}}"} }]}
            """);
    }

    private void MakeTools()
    {
        Directory.CreateDirectory(In("bin"));
        // A script, so that the program beside the tests is found with everything it loads.
        File.WriteAllText(In("bin/podnet-cni"), $"#!/bin/sh\nexec {Path.Combine(AppContext.BaseDirectory, "podnet-cni")}\n");
        File.SetUnixFileMode(In("bin/podnet-cni"), (UnixFileMode)0x1ED);
        File.CreateSymbolicLink(In("bin/loopback"), In("bin/podnet-cni"));
        Directory.CreateDirectory(In("root/bin"));
        Directory.CreateDirectory(In("root/www"));
        File.WriteAllText(In("root/www/index.html"), "it works");
        Shell.Run("sh", "-c", $"cp $(command -v busybox) {In("root/bin/busybox")} && tar -C {In("root")} -cf {In("image.tar")} .");
        Directory.CreateDirectory(In(".config/containers"));
        File.WriteAllText(In(".config/containers/policy.json"), """{"default":[{"type":"insecureAcceptAnything"}]}""");
        File.WriteAllText(In("podman.conf"), $"""
            [network]
            network_backend = "cni"
            cni_plugin_dirs = ["{In("bin")}"]
            network_config_dir = "{In("net1")}"
            default_network = "podnet"
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "none"
            runtime = "runc"
            [containers]
            log_driver = "k8s-file"
            default_ulimits = ["nofile=1024:1024","nproc=1024:1024"]

            """);
        File.WriteAllText(In("containerd.toml"), $"""
            version = 2
            root = "{In("containerd/root")}"
            state = "{In("containerd/state")}"
            disabled_plugins = ["io.containerd.snapshotter.v1.devmapper","io.containerd.snapshotter.v1.btrfs","io.containerd.snapshotter.v1.zfs","io.containerd.snapshotter.v1.aufs","io.containerd.internal.v1.opt"]
            [grpc]
            address = "{In("containerd.sock")}"
            [plugins."io.containerd.grpc.v1.cri"]
            sandbox_image = "{Image}"
            disable_apparmor = true
            restrict_oom_score_adj = true
            disable_hugetlb_controller = true
            netns_mounts_under_state_dir = true
            stream_server_address = "127.0.0.1"
            [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "{In("bin")}"
            conf_dir = "{In("net2")}"
            [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = "native"

            """);
    }

    private string Podman(params string[] arguments) => _nodes[0].Ns.Run(() => Shell.Run(new ChildSpec("podman",
        ["--root", In("store"), "--runroot", In("run"), "--tmpdir", In("tmp"), "--storage-driver", "vfs", .. arguments])
    {
        Environment = new Dictionary<string, string> { ["CONTAINERS_CONF"] = In("podman.conf"), ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = _folder.FullName },
    }));

    // ctr runs the plugins itself, and looks for them in the places of a whole machine: it gets a mount namespace with ours there.
    private string Ctr(string space, params string[] arguments) => _nodes[1].Ns.Exec("unshare", ["--mount", "sh", "-c",
        $"mkdir -p /etc/cni/net.d /opt/cni/bin && mount --bind {In("net2")} /etc/cni/net.d && mount --bind {In("bin")} /opt/cni/bin && exec ctr -a {In("containerd.sock")} -n {space} \"$@\"",
        "ctr", .. arguments]);

    private string In(string name) => Path.Combine(_folder.FullName, name);

    private static bool Attempt(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException or LinuxException)
        {
            return false;
        }
    }
}
