using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Network.Cni.Protocol;
using Network.Linux;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>
/// The plugin's own process is killed anywhere in ADD and DEL, as a runtime that dies takes its children along. Then the
/// runtime says what it still knows (GC), and the kernel must hold that and nothing else.
/// </summary>
public sealed class CniCrashTests : IDisposable
{
    private const int Slots = 8;
    private const int Sigkill = 9;

    // Hundreds of kills by hand: PODNET_CNI_KILLS=500.
    private static readonly int s_kills = int.Parse(Environment.GetEnvironmentVariable("PODNET_CNI_KILLS") ?? "40", CultureInfo.InvariantCulture);
    private readonly CniNode _node = new();
    private readonly Random _random = new(20);
    private readonly Dictionary<string, string> _held = [];
    private readonly Dictionary<string, ScratchNetNs> _pods = [];
    private int _next;
    private int _killed;

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Kill_anywhere_leaves_nothing_behind_that_GC_does_not_find_and_no_address_twice()
    {
        Requires.Tool("nft");
        var usual = Stopwatch.StartNew();
        Add("warm");
        var whole = usual.Elapsed;
        for (var round = 0; _killed < s_kills; round++)
        {
            Assert.True(round < 50 * s_kills, $"only {_killed} processes were killed in {round} rounds");
            // Half of the time a process needs is the start of its runtime; most points lie behind that.
            var patience = whole * ((_random.NextDouble() * 0.8) + 0.3);
            if (_held.Count < Slots && _random.Next(2) == 0)
                KillInAdd($"c{_next++}", patience);
            else if (_held.Count > 0)
                KillInDelete(_held.Keys.ElementAt(_random.Next(_held.Count)), patience);
            if (round % 10 == 9)
                await CollectAndCompareAsync();
        }

        await CollectAndCompareAsync();
        foreach (var id in _held.Keys.ToArray())
            Assert.Equal(0, Run("DEL", id, null).Exit);
        _held.Clear();
        await CollectAndCompareAsync();
    }

    private void KillInAdd(string id, TimeSpan patience)
    {
        var (exit, json) = Run("ADD", id, patience);
        if (exit == 0)
            Hold(id, json!);
        else
            Assert.True(exit > 128, json?.ToJsonString());
        // Some runtimes ask again for the same container before they give it up.
        if (exit > 128 && _random.Next(3) == 0)
            Add(id);
    }

    private void KillInDelete(string id, TimeSpan patience)
    {
        _held.Remove(id);
        var (exit, json) = Run("DEL", id, patience);
        Assert.True(exit is 0 or > 128, json?.ToJsonString());
    }

    private void Add(string id)
    {
        var (exit, json) = Run("ADD", id, null);
        Assert.True(exit == 0, json?.ToJsonString());
        Hold(id, json!);
    }

    private void Hold(string id, JsonNode result)
    {
        var address = (string)result["ips"]![0]!["address"]!;
        Assert.DoesNotContain(address, _held.Values);
        _held[id] = address;
    }

    private async Task CollectAndCompareAsync()
    {
        var valid = string.Join(',', _held.Keys.Select(id => $"{{\"containerID\":\"{id}\",\"ifname\":\"eth0\"}}"));
        _node.Ok("GC", "", null, $"\"cni.dev/valid-attachments\":[{valid}],{Fields}", "1.1.0");
        var names = _held.Keys.Select(id => Attachment.HostNameOf(id, "eth0")).Order(StringComparer.Ordinal).ToList();
        // The process that waits for the kernel's grace period may still be at it.
        await Eventually.TrueAsync(() => Devices("veth").SequenceEqual(names), TimeSpan.FromSeconds(30), () => $"{string.Join(' ', Devices("veth"))} are not {string.Join(' ', names)}");
        await Eventually.TrueAsync(() => Devices("ifb").SequenceEqual(names.Select(name => $"s{name[1..]}")), TimeSpan.FromSeconds(30), () => string.Join(' ', Devices("ifb")));
        Assert.Equal(names, Directory.GetFiles(Path.Combine(_node.Data.FullName, "net", "ports")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        var rules = _node.Ns.Exec("nft", "list", "ruleset");
        Assert.Equal(3 * _held.Count, rules.Split("comment \"net ").Length - 1);
        foreach (var (id, address) in _held)
        {
            Assert.Equal(3, rules.Split($"comment \"net {id} eth0\"").Length - 1);
            Assert.Contains($"inet {address}", _pods[id].Exec("ip", "-o", "-4", "address", "show", "eth0"));
        }

        Assert.Equal(_held.Values.Select(address => address.Split('/')[0]).Order(StringComparer.Ordinal), Leases().Order(StringComparer.Ordinal));
    }

    private IEnumerable<string> Devices(string kind) => JsonNode.Parse(_node.Ns.Exec("ip", "-j", "link", "show", "type", kind))!.AsArray()
        .Select(link => (string?)link!["ifname"]).OfType<string>().Order(StringComparer.Ordinal).ToList();

    private IEnumerable<string> Leases()
    {
        var active = new HashSet<string>();
        foreach (var line in File.ReadLines(Path.Combine(_node.Data.FullName, "net", "leases")).Skip(1).Select(line => line.Split(' ')))
            _ = line[0] == "+" ? active.Add(line[1]) : active.Remove(line[1]);
        return active;
    }

    private string Fields => "\"type\":\"podnet-cni\",\"bridge\":\"w1-br\",\"runtimeConfig\":{\"portMappings\":[{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"udp\"}]," +
        $"\"bandwidth\":{{\"egressRate\":80000000,\"egressBurst\":800000}}}},\"ipam\":{{\"subnet\":\"10.244.1.0/24\",\"dataDir\":\"{_node.Data.FullName}\"}}";

    /// <param name="patience">When the process is killed; null lets it end.</param>
    private (int Exit, JsonNode? Json) Run(string command, string id, TimeSpan? patience)
    {
        if (!_pods.TryGetValue(id, out var pod))
            _pods[id] = pod = _node.Space();
        using var input = FileDescriptor.Memory("config");
        RandomAccess.Write(input, System.Text.Encoding.UTF8.GetBytes($"{{\"cniVersion\":\"1.0.0\",\"name\":\"net\",{Fields}}}"), 0);
        using var output = FileDescriptor.Memory("result");
        var child = Child.Start(new ChildSpec(Program, [])
        {
            NetNs = _node.Ns.Name,
            StandardInput = input,
            StandardOutput = output,
            StandardError = output,
            Environment = new Dictionary<string, string>(Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
                .Select(pair => KeyValuePair.Create((string)pair.Key, (string)pair.Value!)))
            {
                ["CNI_COMMAND"] = command, ["CNI_CONTAINERID"] = id, ["CNI_NETNS"] = pod.Path, ["CNI_IFNAME"] = "eth0", ["CNI_PATH"] = "/usr/lib/cni",
            },
        });
        if (patience is { } limit)
        {
            var clock = Stopwatch.StartNew();
            SpinWait.SpinUntil(() => clock.Elapsed > limit);
            child.Kill(Sigkill);
        }

        var exit = child.Wait();
        _killed += exit.Signal == Sigkill ? 1 : 0;
        var bytes = new byte[RandomAccess.GetLength(output)];
        var length = RandomAccess.Read(output, bytes, 0);
        return (exit.ShellCode, length == 0 ? null : exit.Signal != 0 ? null : JsonNode.Parse(bytes.AsSpan(0, length)));
    }

    // Beside the tests; a published one by hand: PODNET_CNI=artifacts/publish/Network.Cni/release_linux-x64/podnet-cni.
    private static string Program => Environment.GetEnvironmentVariable("PODNET_CNI") ?? Path.Combine(AppContext.BaseDirectory, "podnet-cni");
}
