using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>Starts a planned process on its machine.</summary>
internal static class ProcessStarter
{
    /// <param name="socket">Where the API server's clients outside the lab come in, for the process that takes it.</param>
    internal static void Start(ClusterSettings settings, ClusterPaths paths, PlannedProcess process, SafeHandle? socket) => Child.Start(new ChildSpec(process.Program ?? settings.Binary, process.Arguments)
    {
        NetNs = paths.NetNs(process.Machine),
        NewSession = true,
        LogFile = paths.LogOf(process.Name.Replace('/', '-')),
        ExtraDescriptors = process.TakesApiSocket && socket is not null ? [new SafeFileHandle(socket.DangerousGetHandle(), ownsHandle: false)] : [],
        Environment = EnvironmentOf(paths, process),
    });

    private static Dictionary<string, string> EnvironmentOf(ClusterPaths paths, PlannedProcess process)
    {
        var variables = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = "/root",
            [LabProcess.ClusterVariable] = paths.Name,
            [LabProcess.ProcessVariable] = process.Name,
        };
        if (process.TakesApiSocket)
            variables["LISTEN_FDS"] = "1";
        // Settings of the runtime reach the parts, so that its limits can be tried without a build.
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string value } && name.StartsWith("DOTNET_", StringComparison.Ordinal))
                variables[name] = value;
        }

        return variables;
    }
}
