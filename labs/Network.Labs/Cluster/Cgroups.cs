namespace Network.Labs.Cluster;

/// <summary>A cluster's control groups in every mounted hierarchy (v1 controllers or the one v2 tree).</summary>
internal static class Cgroups
{
    private const string Mount = "/sys/fs/cgroup";

    /// <summary>Directories of a group and its children, deepest first.</summary>
    internal static IReadOnlyList<string> Below(string group) => Hierarchies()
        .Select(hierarchy => hierarchy + group)
        .Where(Directory.Exists)
        .SelectMany(root => Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories).Append(root))
        .OrderByDescending(path => path.Length)
        .ToList();

    internal static IReadOnlyList<int> ProcessesBelow(string group) => Below(group)
        .SelectMany(ReadPids)
        .Distinct()
        .ToList();

    /// <summary>Removes a group that nobody uses any more; one in use stays.</summary>
    internal static void RemoveIfEmpty(string group)
    {
        foreach (var directory in Hierarchies().Select(hierarchy => hierarchy + group).Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(directory);
            }
            catch (IOException)
            {
                // Another cluster's groups are below.
            }
        }
    }

    private static IEnumerable<string> Hierarchies() =>
        Directory.Exists(Mount) ? Directory.EnumerateDirectories(Mount).Append(Mount) : [];

    private static int[] ReadPids(string directory)
    {
        try
        {
            return File.ReadAllLines($"{directory}/cgroup.procs").Select(int.Parse).ToArray();
        }
        catch (IOException)
        {
            return [];
        }
    }
}
