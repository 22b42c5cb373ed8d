using System.Text.Json.Nodes;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// The network list that tells every runtime on the node how pods are attached. Its appearance is the sign that the node's
/// network is ready, so it is written last and at once.
/// </summary>
internal static class CniConfig
{
    private const string FileName = "10-podnet.conflist";

    internal static string Render(string bridge, string dataDirectory, LocalVtep vtep)
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
            ["name"] = "podnet",
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

    internal static void Write(string directory, string content) => AtomicFile.Write(Path.Combine(directory, FileName), content);

    internal static void Remove(string directory)
    {
        if (Directory.Exists(directory))
            File.Delete(Path.Combine(directory, FileName));
    }
}
