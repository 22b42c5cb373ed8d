using System.Text.Json.Nodes;
using Network.Linux;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// The network list that tells every runtime on the node how pods are attached. Its appearance is the sign that the node's
/// network is ready, so it is written last and at once.
/// </summary>
internal static class CniConfig
{
    /// <summary>The name of a network in its configuration; the cluster's own is just podnet.</summary>
    internal static string NameOf(string network) => network.Length == 0 ? "podnet" : $"podnet-{network}";

    internal static string Render(string name, string bridge, string dataDirectory, LocalVtep vtep)
    {
        var ipam = new JsonObject { ["dataDir"] = dataDirectory };
        if (vtep.PodCidrs is { V4: { } v4, V6: { } v6 })
            ipam["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = v4.ToString() }), new JsonArray(new JsonObject { ["subnet"] = v6.ToString() }));
        else
            ipam["subnet"] = vtep.PodCidrs.Present.First().ToString();
        return new JsonObject
        {
            ["cniVersion"] = "1.0.0",
            // Runtimes that know several take the newest: with it come GC and STATUS.
            ["cniVersions"] = new JsonArray("0.3.1", "0.4.0", "1.0.0", "1.1.0"),
            ["name"] = name,
            ["plugins"] = new JsonArray(new JsonObject
            {
                ["type"] = "podnet-cni",
                ["bridge"] = bridge,
                ["mtu"] = vtep.Mtu,
                ["hairpinMode"] = true,
                ["capabilities"] = new JsonObject { ["portMappings"] = true, ["bandwidth"] = true, ["ips"] = true, ["mac"] = true },
                ["ipam"] = ipam,
            }),
        }.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
    }

    internal static void Write(string directory, string content, string network = "") => AtomicFile.WriteIfChanged(PathOf(directory, network), content);

    internal static void Remove(string directory, string network = "")
    {
        if (Directory.Exists(directory))
            File.Delete(PathOf(directory, network));
    }

    // Runtimes take the first of the folder, which is to be the cluster's.
    private static string PathOf(string directory, string network) => Path.Combine(directory, $"{(network.Length == 0 ? 10 : 20)}-{NameOf(network)}.conflist");
}
