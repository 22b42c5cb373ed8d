using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Linux;

namespace Network.Kubelet.Runtime.Oci;

/// <summary>The OCI runtime refused; the text is its own.</summary>
public sealed class RuntimeException(string operation, string words) : Exception($"{operation}: {words}")
{
    public string Words { get; } = words;
}

/// <summary>Runs runc or crun: one method a verb, with the runtime's own error text on failure.</summary>
internal sealed class RuntimeCommand(string program, string stateDirectory)
{
    /// <summary>The name used in container ids: <c>runc://...</c>.</summary>
    internal string Name { get; } = Path.GetFileName(program);

    /// <summary>crun where the node runs on cgroup v2 alone and has it, else runc.</summary>
    internal static string Detect()
    {
        var unified = File.Exists("/sys/fs/cgroup/cgroup.controllers");
        var names = unified ? (string[])["crun", "runc"] : ["runc"];
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin").Split(':');
        return names.SelectMany(name => directories.Select(directory => Path.Combine(directory, name))).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("no OCI runtime: install runc, or set the runtime path");
    }

    internal async Task<string> VersionAsync()
    {
        var result = await Command.RunAsync(program, "--version").ConfigureAwait(false);
        return result.Output.Split('\n')[0].Split(' ')[^1];
    }

    /// <summary>Runs a verb with these descriptors as the container's own.</summary>
    internal async Task RunAsync(string errorLog, IReadOnlyList<string> arguments, Func<ChildSpec, ChildSpec>? descriptors = null)
    {
        File.Delete(errorLog);
        var spec = new ChildSpec(program, ["--root", stateDirectory, "--log", errorLog, "--log-format", "json", .. arguments]);
        var child = Child.Start(descriptors is null ? spec : descriptors(spec));
        var exit = await child.WaitAsync().ConfigureAwait(false);
        if (exit is not { Code: 0, Signal: 0 })
            throw new RuntimeException($"{Name} {arguments[0]}", LastError(errorLog) ?? $"exit code {exit.ShellCode}");
    }

    private static string? LastError(string log)
    {
        if (!File.Exists(log))
            return null;
        foreach (var line in File.ReadAllLines(log).Reverse())
        {
            try
            {
                if (JsonNode.Parse(line) is JsonObject entry && (string?)entry["level"] is "error" or "fatal")
                    return (string?)JsonNode.Parse(line)!["msg"];
            }
            catch (JsonException)
            {
                return line;
            }
        }

        return null;
    }
}
