namespace Network.Linux;

/// <summary>Device names that fit the kernel's 15 characters (IFNAMSIZ) and stay distinct and readable when they have to be cut.</summary>
public static class InterfaceName
{
    /// <summary>IFNAMSIZ without the closing zero (linux/if.h).</summary>
    public const int Longest = 15;

    /// <summary>A device of an owner, unique over all nodes so that one kernel's trace reads as the whole cluster's: <c>w1-vx</c>, <c>w1-br</c>.</summary>
    public static string Of(string owner, string role)
    {
        var name = $"{owner}-{role}";
        return name.Length <= Longest ? name : $"{owner[..(Longest - role.Length - 7)]}{Hash(owner) & 0xffffff:x6}-{role}";
    }

    /// <summary>A name as it is, or its beginning and a hash of the whole.</summary>
    public static string Fit(string name) => name.Length <= Longest ? name : $"{name[..9]}-{Hash(name) & 0xfffff:x5}";

    // FNV-1a: the same on every machine and run.
    private static uint Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var c in text)
            hash = (hash ^ c) * 16777619u;
        return hash;
    }
}
