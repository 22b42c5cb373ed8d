using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Kubelet.Runtime;

/// <summary>How a container's first process ended, and what Kubernetes calls that.</summary>
internal static class ContainerEnd
{
    private const int LongestMessage = 4096;

    /// <summary>Asks until the kernel has settled: between the death of a foreign child and its reaping neither way of asking answers.</summary>
    internal static ExitStatus? Read(int pid, SafeFileHandle pidFd)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            if (Processes.ExitOf(pid, pidFd) is { } exit)
                return exit;
            Thread.Yield();
        }

        return null;
    }

    internal static ContainerRecord Describe(ContainerRecord record, ExitStatus? exit, DateTimeOffset now)
    {
        var code = exit?.ShellCode ?? 137;
        var reason = exit is null ? "ContainerStatusUnknown" : OutOfMemory(record.CgroupPath) ? "OOMKilled" : code == 0 ? "Completed" : "Error";
        return record with
        {
            Phase = ContainerPhase.Exited,
            FinishedAt = now,
            ExitCode = code,
            Signal = exit?.Signal ?? 0,
            Reason = reason,
            Message = TerminationMessage(record.TerminationLog),
        };
    }

    /// <summary>Field 22 of /proc/pid/stat: when the process started, in ticks since boot; 0 when there is none.</summary>
    internal static long StartTimeOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static bool OutOfMemory(string cgroup)
    {
        foreach (var file in (string[])[$"/sys/fs/cgroup/memory{cgroup}/memory.oom_control", $"/sys/fs/cgroup{cgroup}/memory.events"])
        {
            if (!File.Exists(file))
                continue;
            var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith("oom_kill ", StringComparison.Ordinal));
            return line is not null && line != "oom_kill 0";
        }

        return false;
    }

    private static string TerminationMessage(string? file)
    {
        if (file is null || !File.Exists(file))
            return "";
        using var stream = File.OpenRead(file);
        stream.Position = Math.Max(0, stream.Length - LongestMessage);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
