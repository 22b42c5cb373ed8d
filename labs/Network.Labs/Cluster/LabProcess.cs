using System.Text;

namespace Network.Labs.Cluster;

/// <summary>
/// A running process of a lab cluster. Found by the environment it was started with, so that nothing is forgotten after a
/// crash and no foreign process is ever taken for one of ours.
/// </summary>
public sealed record LabProcess(string Name, int Pid)
{
    internal const string ClusterVariable = "PODNET_CLUSTER";
    internal const string ProcessVariable = "PODNET_PROCESS";

    public static IReadOnlyList<LabProcess> Of(string cluster)
    {
        var found = new List<LabProcess>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && pid != Environment.ProcessId
                && EnvironmentOf(pid) is { } variables && variables.GetValueOrDefault(ClusterVariable) == cluster
                && variables.TryGetValue(ProcessVariable, out var name) && !IsZombie(pid))
                found.Add(new LabProcess(name, pid));
        }

        return found;
    }

    /// <summary>Resident memory in bytes; 0 when the process is gone.</summary>
    public long ResidentBytes()
    {
        try
        {
            var line = File.ReadLines($"/proc/{Pid}/status").FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(6).Trim().ToString().Split(' ')[0]) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool IsZombie(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] == 'Z';
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static Dictionary<string, string>? EnvironmentOf(int pid)
    {
        try
        {
            var variables = new Dictionary<string, string>();
            foreach (var pair in Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/environ")).Split('\0'))
            {
                if (pair.IndexOf('=') is > 0 and var at)
                    variables[pair[..at]] = pair[(at + 1)..];
            }

            return variables;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
