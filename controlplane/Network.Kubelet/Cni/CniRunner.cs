using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Linux;

namespace Network.Kubelet.Cni;

/// <summary>A plugin's refusal: its code and words (CNI spec section 5).</summary>
internal sealed class CniException(string plugin, int code, string words) : Exception($"plugin type=\"{plugin}\" failed (code {code}): {words}")
{
    internal int Code { get; } = code;

    internal string Words { get; } = words;
}

/// <summary>Runs the plugins of a network as containerd and libcni do: chained on ADD, in reverse order on DEL.</summary>
internal sealed class CniRunner(IReadOnlyList<string> binaryDirectories) : IDisposable
{
    // ADD and DEL take one place; GC, which must be alone (CNI spec, GC), takes all of them.
    private const int Places = 32;
    private readonly SemaphoreSlim _places = new(Places, Places);

    public void Dispose() => _places.Dispose();

    /// <returns>The last plugin's result.</returns>
    internal async Task<JsonObject> AddAsync(CniNetwork network, CniAttachment attachment, CancellationToken cancel)
    {
        await _places.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            JsonObject? result = null;
            foreach (var plugin in network.Plugins)
                result = await RunAsync(network, plugin, "ADD", attachment, result, cancel).ConfigureAwait(false);
            return result ?? [];
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Detaches; every plugin is run even when one fails, and the first failure is reported at the end.</summary>
    internal async Task DeleteAsync(CniNetwork network, CniAttachment attachment, JsonObject? addResult, CancellationToken cancel)
    {
        await _places.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await EachAsync(network.Plugins.Reverse(), plugin => RunAsync(network, plugin, "DEL", attachment, addResult, cancel)).ConfigureAwait(false);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Frees what belongs to no attachment of this node any more; nothing for networks older than GC or that forbid it.</summary>
    /// <param name="valid">Read when nobody attaches or detaches.</param>
    internal async Task CollectAsync(CniNetwork network, Func<IReadOnlyList<string>> valid, CancellationToken cancel)
    {
        if (!network.HasUpkeep || network.DisableGc)
            return;
        var taken = 0;
        try
        {
            for (; taken < Places; taken++)
                await _places.WaitAsync(cancel).ConfigureAwait(false);
            var containers = valid();
            JsonArray List() => new([.. containers.Select(id => (JsonNode)new JsonObject { ["containerID"] = id, ["ifname"] = CniAttachment.InterfaceName })]);
            await EachAsync(network.Plugins, plugin =>
            {
                var config = ConfigurationFor(network, plugin);
                config["cni.dev/valid-attachments"] = List();
                config["cni.dev/attachments"] = List();
                return RunAsync(plugin, "GC", config, [], cancel);
            }).ConfigureAwait(false);
        }
        finally
        {
            if (taken > 0)
                _places.Release(taken);
        }
    }

    /// <summary>Whether the plugins could attach a pod now; they have no say in networks older than STATUS.</summary>
    /// <exception cref="CniException">A plugin says no.</exception>
    internal async Task RequireReadyAsync(CniNetwork network, CancellationToken cancel)
    {
        foreach (var plugin in network.HasUpkeep ? network.Plugins : [])
            await RunAsync(plugin, "STATUS", ConfigurationFor(network, plugin), [], cancel).ConfigureAwait(false);
    }

    /// <summary>The addresses of a result, without prefix, in the plugin's order: the first is the primary.</summary>
    internal static IReadOnlyList<string> AddressesOf(JsonObject result) => result["ips"] is JsonArray ips
        ? [.. ips.Select(ip => ((string)ip!["address"]!).Split('/')[0])]
        : [];

    internal static JsonObject ConfigurationFor(CniNetwork network, JsonObject plugin, CniAttachment attachment, JsonObject? previous)
    {
        var config = ConfigurationFor(network, plugin);
        if (plugin["capabilities"] is JsonObject capabilities)
        {
            var wanted = new JsonObject();
            foreach (var (name, value) in attachment.Capabilities)
            {
                if ((bool?)capabilities[name] == true)
                    wanted[name] = value.DeepClone();
            }

            if (wanted.Count > 0)
                config["runtimeConfig"] = wanted;
        }

        if (previous is not null)
            config["prevResult"] = previous.DeepClone();
        return config;
    }

    private static JsonObject ConfigurationFor(CniNetwork network, JsonObject plugin)
    {
        var config = plugin.DeepClone().AsObject();
        config["cniVersion"] = network.Version;
        config["name"] = network.Name;
        config.Remove("capabilities");
        return config;
    }

    private static async Task EachAsync(IEnumerable<JsonObject> plugins, Func<JsonObject, Task> run)
    {
        CniException? first = null;
        foreach (var plugin in plugins)
        {
            try
            {
                await run(plugin).ConfigureAwait(false);
            }
            catch (CniException e)
            {
                first ??= e;
            }
        }

        if (first is not null)
            throw first;
    }

    private Task<JsonObject> RunAsync(CniNetwork network, JsonObject plugin, string verb, CniAttachment attachment, JsonObject? previous, CancellationToken cancel) =>
        RunAsync(plugin, verb, ConfigurationFor(network, plugin, attachment, previous), new Dictionary<string, string>
        {
            ["CNI_CONTAINERID"] = attachment.ContainerId,
            ["CNI_NETNS"] = attachment.NetNsPath,
            ["CNI_IFNAME"] = CniAttachment.InterfaceName,
            ["CNI_ARGS"] = attachment.Arguments,
        }, cancel);

    private async Task<JsonObject> RunAsync(JsonObject plugin, string verb, JsonObject config, Dictionary<string, string> variables, CancellationToken cancel)
    {
        var type = (string?)plugin["type"] ?? "";
        var program = binaryDirectories.Select(directory => Path.Combine(directory, type)).FirstOrDefault(File.Exists)
            ?? throw new CniException(type, 5, $"failed to find plugin \"{type}\" in path [{string.Join(' ', binaryDirectories)}]");
        var environment = new Dictionary<string, string>(variables)
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin",
            ["CNI_COMMAND"] = verb,
            ["CNI_PATH"] = string.Join(':', binaryDirectories),
        };
        var run = await Command.RunAsync(new ChildSpec(program, []) { Environment = environment }, config.ToJsonString(), cancel).ConfigureAwait(false);
        return Read(type, run);
    }

    private static JsonObject Read(string type, CommandResult run)
    {
        JsonObject? answer = null;
        try
        {
            answer = run.Output.Length == 0 ? [] : JsonNode.Parse(run.Output) as JsonObject;
        }
        catch (JsonException)
        {
            // Not JSON: the exit code and the raw words say what there is to say.
        }

        if (run.Succeeded && answer is not null)
            return answer;
        var code = answer?["code"] is JsonValue value && value.TryGetValue<int>(out var number) ? number : 999;
        var words = string.Join("; ", ((string?[])[(string?)answer?["msg"], (string?)answer?["details"]]).Where(text => !string.IsNullOrEmpty(text)));
        throw new CniException(type, code, words.Length > 0 ? words : $"exit code {run.Exit.ShellCode}: {run.Error}{run.Output}".Trim());
    }
}
