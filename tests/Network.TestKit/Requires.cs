using Xunit;

namespace Network.TestKit;

/// <summary>Named reasons to skip. On CI (CI=true) the kernel rooms may not skip, so the same lack is a failure there.</summary>
public static class Requires
{
    private static bool OnCi => Environment.GetEnvironmentVariable("CI") == "true";

    public static void Root() => Need(Environment.UserName == "root", "needs root");

    public static void Tool(string name) => Need(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(dir => File.Exists(Path.Combine(dir, name))),
        $"needs the command {name}");

    /// <summary>A program that is kept beside the machine's own ones (labs/lib/setup.sh unpacks it).</summary>
    /// <returns>The first place that has it.</returns>
    public static string Program(string name, params string[] places)
    {
        var path = places.FirstOrDefault(File.Exists);
        Need(path is not null, $"needs {name} at {string.Join(" or ", places)}; tests/run unpacks it");
        return path!;
    }

    /// <summary>Reference data that is not part of the repository; its absence is a skip everywhere.</summary>
    public static string Data(string relative)
    {
        var root = Environment.GetEnvironmentVariable("PODNET_TEST_DATA") ?? FindData();
        var path = root is null ? null : Path.Combine(root, relative);
        Assert.SkipUnless(path is not null && (File.Exists(path) || Directory.Exists(path)), $"reference data {relative} is not on this machine");
        return path!;
    }

    private static string? FindData()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            var candidate = Path.Combine(dir.FullName, "shared", "data");
            if (Directory.Exists(candidate))
                return candidate;
        }

        return null;
    }

    private static void Need(bool met, string reason)
    {
        if (!met && OnCi)
            Assert.Fail(reason);
        Assert.SkipUnless(met, reason);
    }
}
