using System.CommandLine;
using Network.Labs.Cluster;

namespace Network.Cli.Verbs;

/// <summary><c>podnet down</c>: leaves nothing of a cluster behind, also after a crash.</summary>
internal static class DownVerb
{
    internal static Command Create()
    {
        var name = Options.Cluster();
        var command = new Command("down", """
            take a cluster away: processes, containers, namespaces, mounts, control groups, files

            Example:
              podnet down --name five
            """) { name };
        command.SetAction(async (parsed, cancel) =>
        {
            var paths = new ClusterPaths(parsed.GetValue(name)!);
            var failures = await new ClusterDown(paths).RunAsync(cancel).ConfigureAwait(false);
            foreach (var failure in failures)
                await Console.Error.WriteLineAsync($"podnet: not removed: {failure}").ConfigureAwait(false);
            Console.WriteLine(failures.Count == 0 ? $"cluster {paths.Name} is gone" : $"cluster {paths.Name}: {failures.Count} things are left");
            return failures.Count == 0 ? 0 : 1;
        });
        return command;
    }
}
