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
internal sealed class CniRunner(IReadOnlyList<string> binaryDirectories)
{
    /// <returns>The last plugin's result.</returns>
    internal async Task<JsonObject> AddAsync(CniNetwork network, CniAttachment attachment, CancellationToken cancel)
    {
        JsonObject? result = null;
        foreach (var plugin in network.Plugins)
            result = await RunAsync(network, plugin, "ADD", attachment, result, cancel).ConfigureAwait(false);
        return result ?? [];
    }

    /// <summary>Detaches; every plugin is run even when one fails, and the first failure is reported at the end.</summary>
    internal async Task DeleteAsync(CniNetwork network, CniAttachment attachment, JsonObject? addResult, CancellationToken cancel)
    {
        CniException? first = null;
        foreach (var plugin in network.Plugins.Reverse())
        {
            try
            {
                await RunAsync(network, plugin, "DEL", attachment, addResult, cancel).ConfigureAwait(false);
            }
            catch (CniException e)
            {
                first ??= e;
            }
        }

        if (first is not null)
            throw first;
    }

    /// <summary>The addresses of a result, without prefix, in the plugin's order: the first is the primary.</summary>
    internal static IReadOnlyList<string> AddressesOf(JsonObject result) => result["ips"] is JsonArray ips
        ? [.. ips.Select(ip => ((string)ip!["address"]!).Split('/')[0])]
        : [];

    internal static JsonObject ConfigurationFor(CniNetwork network, JsonObject plugin, CniAttachment attachment, JsonObject? previous)
    {
        var config = plugin.DeepClone().AsObject();
        config["cniVersion"] = network.Version;
        config["name"] = network.Name;
        if (config["capabilities"] is JsonObject capabilities)
        {
            config.Remove("capabilities");
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

    private async Task<JsonObject> RunAsync(CniNetwork network, JsonObject plugin, string verb, CniAttachment attachment, JsonObject? previous,
        CancellationToken cancel)
    {
        var type = (string?)plugin["type"] ?? "";
        var program = binaryDirectories.Select(directory => Path.Combine(directory, type)).FirstOrDefault(File.Exists)
            ?? throw new CniException(type, 5, $"failed to find plugin \"{type}\" in path [{string.Join(' ', binaryDirectories)}]");
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin",
            ["CNI_COMMAND"] = verb,
            ["CNI_CONTAINERID"] = attachment.ContainerId,
            ["CNI_NETNS"] = attachment.NetNsPath,
            ["CNI_IFNAME"] = CniAttachment.InterfaceName,
            ["CNI_ARGS"] = attachment.Arguments,
            ["CNI_PATH"] = string.Join(':', binaryDirectories),
        };
        var config = ConfigurationFor(network, plugin, attachment, previous).ToJsonString();
        var run = await Command.RunAsync(new ChildSpec(program, []) { Environment = environment }, config, cancel).ConfigureAwait(false);
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
