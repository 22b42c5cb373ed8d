namespace Network.Diagnosis.Drops;

/// <summary>Whose a network namespace is. <paramref name="Pod"/> is <c>namespace/name</c>, or empty for the node itself.</summary>
public sealed record Place(string Node, string Pod)
{
    /// <summary>A namespace nobody of the cluster has.</summary>
    public static Place Unknown(uint netNs) => new(netNs == 0 ? "?" : $"net:[{netNs}]", "");
}
