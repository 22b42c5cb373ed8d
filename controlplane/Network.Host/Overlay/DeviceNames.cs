namespace Network.Host.Overlay;

/// <summary>Device names that are unique over all nodes, so that one kernel's trace reads as the whole cluster's: w1-vx, w1-br.</summary>
internal static class DeviceNames
{
    private const int Longest = 15;

    internal static string Of(string node, string role)
    {
        var name = $"{node}-{role}";
        if (name.Length <= Longest)
            return name;
        var hash = 2166136261u;
        foreach (var c in node)
            hash = (hash ^ c) * 16777619u;
        return $"{node[..(Longest - role.Length - 7)]}{hash & 0xffffff:x6}-{role}";
    }
}
