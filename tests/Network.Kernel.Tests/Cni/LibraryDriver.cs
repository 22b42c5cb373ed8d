using System.Text;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Kernel.Tests.Cni;

/// <summary>
/// The runtime's side of CNI 1.1.0 sections 2 to 4, written from the specification and sharing nothing with the plugin: picks the
/// version, chains the list, fills in capabilities, keeps the result of ADD for CHECK and DEL, walks DEL backwards, collects.
/// </summary>
internal sealed class LibraryDriver(ScratchNetNs node, string binaries, string cache)
{
    private static readonly string[] s_spoken = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>Version that the last list was driven in.</summary>
    internal static string VersionOf(JsonNode list)
    {
        var offered = list["cniVersions"]?.AsArray().Select(version => (string)version!).ToList() ?? [];
        offered.Add((string)list["cniVersion"]!);
        return offered.Where(s_spoken.Contains).MaxBy(version => Array.IndexOf(s_spoken, version))!;
    }

    internal JsonNode Add(JsonNode list, string container, string netNs, JsonObject? capabilities = null, string arguments = "")
    {
        JsonNode? result = null;
        foreach (var plugin in Plugins(list))
            result = Require(Run("ADD", list, plugin, container, netNs, result, capabilities, arguments));
        Directory.CreateDirectory(cache);
        File.WriteAllText(CacheOf(list, container), new JsonObject
        {
            ["kind"] = "cniCacheV1",
            ["containerId"] = container,
            ["ifName"] = "eth0",
            ["networkName"] = (string)list["name"]!,
            ["netns"] = netNs,
            ["cniArgs"] = arguments,
            ["capabilityArgs"] = capabilities?.DeepClone(),
            ["result"] = result!.DeepClone(),
        }.ToJsonString());
        return result;
    }

    internal void Check(JsonNode list, string container, string netNs)
    {
        var cached = Cached(list, container);
        foreach (var plugin in Plugins(list))
            Require(Run("CHECK", list, plugin, container, netNs, cached["result"], cached["capabilityArgs"]?.AsObject(), (string)cached["cniArgs"]!));
    }

    internal void Delete(JsonNode list, string container, string? netNs)
    {
        var cached = File.Exists(CacheOf(list, container)) ? Cached(list, container) : null;
        // Results are handed to DEL since 0.4.0.
        var previous = VersionOf(list) == "0.3.1" ? null : cached?["result"];
        foreach (var plugin in Plugins(list).Reverse())
            Require(Run("DEL", list, plugin, container, netNs, previous, cached?["capabilityArgs"]?.AsObject(), (string?)cached?["cniArgs"] ?? ""));
        File.Delete(CacheOf(list, container));
    }

    internal void Collect(JsonNode list, params string[] valid)
    {
        foreach (var stale in Directory.GetFiles(cache).Select(file => JsonNode.Parse(File.ReadAllText(file))!).Where(item => (string?)item["networkName"] == (string?)list["name"]))
        {
            if (!valid.Contains((string)stale["containerId"]!))
                Delete(list, (string)stale["containerId"]!, (string?)stale["netns"]);
        }

        foreach (var plugin in Plugins(list))
        {
            var config = plugin.DeepClone();
            foreach (var name in (string[])["cni.dev/valid-attachments", "cni.dev/attachments"])
                config[name] = new JsonArray([.. valid.Select(id => (JsonNode)new JsonObject { ["containerID"] = id, ["ifname"] = "eth0" })]);
            Require(Run("GC", list, config, null, null, null, null, ""));
        }
    }

    internal void Status(JsonNode list)
    {
        foreach (var plugin in Plugins(list))
            Require(Run("STATUS", list, plugin, null, null, null, null, ""));
    }

    /// <summary>One plugin of a list, one verb.</summary>
    internal (int Exit, JsonNode? Json) Run(string verb, JsonNode list, JsonNode plugin, string? container, string? netNs, JsonNode? previous, JsonObject? capabilities, string arguments)
    {
        var config = plugin.DeepClone().AsObject();
        config["cniVersion"] = VersionOf(list);
        config["name"] = (string)list["name"]!;
        if (config["capabilities"] is JsonObject declared && capabilities is not null)
        {
            config["runtimeConfig"] = new JsonObject(capabilities.Where(item => (bool?)declared[item.Key] == true)
                .Select(item => KeyValuePair.Create(item.Key, (JsonNode?)item.Value!.DeepClone())));
        }

        config.Remove("capabilities");
        if (previous is not null)
            config["prevResult"] = previous.DeepClone();
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = "/root", ["CNI_COMMAND"] = verb, ["CNI_PATH"] = $"{binaries}:/usr/lib/cni",
        };
        // Where the program is not native code, it starts faster without collecting a profile of itself.
        environment["DOTNET_TieredPGO"] = "0";
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root)
            environment["DOTNET_ROOT"] = root;
        foreach (var (name, value) in ((string, string?)[])[("CNI_CONTAINERID", container), ("CNI_NETNS", netNs), ("CNI_ARGS", arguments), ("CNI_IFNAME", container is null ? null : "eth0")])
        {
            if (!string.IsNullOrEmpty(value))
                environment[name] = value;
        }

        return Exec((string)plugin["type"]!, config.ToJsonString(), environment);
    }

    /// <summary>The program of a type, with exactly this input and environment.</summary>
    internal (int Exit, JsonNode? Json) Exec(string type, string input, Dictionary<string, string> environment)
    {
        var program = File.Exists(Path.Combine(binaries, type)) ? Path.Combine(binaries, type) : Path.Combine("/usr/lib/cni", type);
        using var given = FileDescriptor.Memory("input");
        RandomAccess.Write(given, Encoding.UTF8.GetBytes(input), 0);
        using var output = FileDescriptor.Memory("output");
        using var errors = FileDescriptor.Memory("errors");
        var exit = Child.Start(new ChildSpec(program, []) { NetNs = node.Name, StandardInput = given, StandardOutput = output, StandardError = errors, Environment = environment }).Wait();
        var bytes = new byte[RandomAccess.GetLength(output)];
        RandomAccess.Read(output, bytes, 0);
        return (exit.ShellCode, bytes.Length == 0 ? null : JsonNode.Parse(bytes));
    }

    private JsonNode Cached(JsonNode list, string container) => JsonNode.Parse(File.ReadAllText(CacheOf(list, container)))!;

    private string CacheOf(JsonNode list, string container) => Path.Combine(cache, $"{(string)list["name"]!}-{container}-eth0");

    private static IEnumerable<JsonNode> Plugins(JsonNode list) => list["plugins"]!.AsArray().Select(plugin => plugin!);

    private static JsonNode? Require((int Exit, JsonNode? Json) answer) => answer.Exit == 0 ? answer.Json : throw new InvalidOperationException($"exit {answer.Exit}: {answer.Json?.ToJsonString()}");
}
