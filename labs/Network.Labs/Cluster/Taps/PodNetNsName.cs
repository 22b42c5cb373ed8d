namespace Network.Labs.Cluster.Taps;

/// <summary>
/// A pod as the name of its network namespace tells it: <c>&lt;cluster&gt;-&lt;node&gt;_&lt;namespace&gt;_&lt;pod&gt;_&lt;first 8 of the uid&gt;</c>.
/// None of the parts may contain an underscore (RFC 1123 labels), so the parts are certain.
/// </summary>
public sealed record PodNetNsName(string NetNs, string Node, string Namespace, string Pod, string Uid)
{
    /// <summary>Null when the name is not that of a pod of this cluster.</summary>
    public static PodNetNsName? Parse(string cluster, string netNs)
    {
        var parts = netNs.Split('_');
        return parts.Length == 4 && parts.All(part => part.Length > 0) && parts[0].Length > cluster.Length + 1
            && parts[0].StartsWith($"{cluster}-", StringComparison.Ordinal)
            ? new PodNetNsName(netNs, parts[0][(cluster.Length + 1)..], parts[1], parts[2], parts[3])
            : null;
    }
}
