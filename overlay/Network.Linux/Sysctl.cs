namespace Network.Linux;

/// <summary>Kernel parameters below /proc/sys. Network parameters are those of the calling thread's namespace.</summary>
public static class Sysctl
{
    /// <param name="key">Path form, because device names may hold dots: <c>net/ipv4/conf/w1-br/rp_filter</c>.</param>
    public static string Get(string key) => File.ReadAllText($"/proc/sys/{key}").Trim();

    /// <summary>Writes only when the value differs, so that a converged node causes no writes.</summary>
    /// <returns>True when something was changed.</returns>
    public static bool Set(string key, string value)
    {
        if (Get(key) == value)
            return false;
        File.WriteAllText($"/proc/sys/{key}", value);
        return true;
    }

    /// <summary>Like <see cref="Set"/>, but a kernel without the parameter is not an error.</summary>
    public static bool TrySet(string key, string value) => File.Exists($"/proc/sys/{key}") && Set(key, value);
}
