using System.Runtime.InteropServices;
using k8s.Models;

namespace Network.Kubelet.Node;

/// <summary>What this machine is and has.</summary>
internal sealed record NodeFacts(string MachineId, string BootId, string Kernel, string OsImage, string Architecture, long MemoryBytes, int Processors)
{
    internal static NodeFacts Read() => new(
        ReadOr("/etc/machine-id", ""),
        ReadOr("/proc/sys/kernel/random/boot_id", ""),
        ReadOr("/proc/sys/kernel/osrelease", ""),
        OsName(),
        RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
        MemoryTotal(),
        Environment.ProcessorCount);

    internal IDictionary<string, ResourceQuantity> Capacity(int pods, string dataDirectory) => new Dictionary<string, ResourceQuantity>
    {
        ["cpu"] = new(Processors.ToString()),
        ["memory"] = new($"{MemoryBytes / 1024}Ki"),
        ["pods"] = new(pods.ToString()),
        ["ephemeral-storage"] = new($"{new DriveInfo(dataDirectory).TotalSize / 1024}Ki"),
    };

    private static long MemoryTotal()
    {
        var line = File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
    }

    private static string OsName()
    {
        var line = File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))
            : null;
        return line is null ? "Linux" : line["PRETTY_NAME=".Length..].Trim('"');
    }

    private static string ReadOr(string file, string otherwise) => File.Exists(file) ? File.ReadAllText(file).Trim() : otherwise;
}
