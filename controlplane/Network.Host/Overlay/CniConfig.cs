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

    internal static string Render(string bridge, string dataDirectory, LocalVtep vtep) => new JsonObject
    {
        ["cniVersion"] = "1.0.0",
        ["name"] = "podnet",
        ["plugins"] = new JsonArray(new JsonObject
        {
            ["type"] = "podnet-cni",
            ["bridge"] = bridge,
            ["mtu"] = vtep.Mtu,
            ["hairpinMode"] = true,
            ["ipam"] = new JsonObject { ["subnet"] = vtep.PodCidr.ToString(), ["dataDir"] = dataDirectory },
        }),
    }.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });

    internal static void Write(string directory, string content)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, FileName);
        if (File.Exists(path) && File.ReadAllText(path) == content)
            return;
        var temporary = Path.Combine(directory, $".{FileName}");
        File.WriteAllText(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
