namespace Network.Cni.Types.Veth;

/// <summary>The device group of a network's devices: GC finds by it what belongs to the network.</summary>
internal static class LinkGroup
{
    // FNV-1a, without the sign and never the default group 0.
    internal static int Of(string network)
    {
        var hash = 2166136261u;
        foreach (var c in network)
            hash = (hash ^ c) * 16777619u;
        return (int)(hash & 0x7fffffff) | 1;
    }
}
