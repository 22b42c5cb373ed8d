using System.Text.Json.Nodes;

namespace Network.Conformance.Services;

/// <summary>Where somebody asks from or answers at: a pod, a node, or the host outside.</summary>
/// <param name="NetNs">Its network namespace.</param>
/// <param name="Address">The address it is known by.</param>
public sealed record Place(string Name, string Node, string NetNs, string Address)
{
    /// <summary>A running pod of a lab cluster; its namespace is named as the kubelet names it.</summary>
    internal static Place Of(string cluster, JsonObject pod)
    {
        var meta = pod["metadata"]!;
        var (ns, name, uid, node) = ((string)meta["namespace"]!, (string)meta["name"]!, (string)meta["uid"]!, (string)pod["spec"]!["nodeName"]!);
        var sandbox = $"{cluster}-{node}_{ns}_{name}";
        var netNs = (bool?)pod["spec"]!["hostNetwork"] == true ? $"{cluster}-{node}" : $"{(sandbox.Length > 200 ? sandbox[..200] : sandbox)}_{uid[..Math.Min(8, uid.Length)]}";
        return new Place(name, node, netNs, (string)pod["status"]!["podIP"]!);
    }
}
