namespace Network.Cni.Protocol;

/// <summary>Protocol versions and what differs between them.</summary>
internal static class CniVersion
{
    internal const string Newest = "1.1.0";

    internal static readonly string[] Supported = ["0.3.1", "0.4.0", "1.0.0", Newest];

    internal static bool IsSupported(string version) => Array.IndexOf(Supported, version) >= 0;

    /// <summary>Before 1.0.0 every address says its family.</summary>
    internal static bool HasAddressFamily(string version) => version.StartsWith("0.", StringComparison.Ordinal);

    /// <summary>Since 1.1.0 interfaces say their MTU, and routes their metrics.</summary>
    internal static bool HasMetrics(string version) => version == Newest;

    /// <summary>CHECK came with 0.4.0, GC and STATUS with 1.1.0.</summary>
    internal static bool Has(string version, string command) => command switch
    {
        "CHECK" => version != "0.3.1",
        "GC" or "STATUS" => version == Newest,
        _ => true,
    };
}
