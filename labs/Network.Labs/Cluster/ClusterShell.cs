using System.Collections;
using Network.Linux;

namespace Network.Labs.Cluster;

/// <summary>Runs commands with a cluster's kubeconfig, as somebody at a shell would.</summary>
internal static class ClusterShell
{
    /// <param name="more">Further variables.</param>
    /// <returns>What it printed; a failure throws with its own words.</returns>
    internal static async Task<string> RunAsync(ClusterPaths paths, string file, IReadOnlyList<string> arguments, CancellationToken cancel, string? directory = null, IReadOnlyDictionary<string, string>? more = null)
    {
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(pair => (string)pair.Key, pair => (string)pair.Value!);
        variables["KUBECONFIG"] = paths.Kubeconfig;
        foreach (var (name, value) in more ?? new Dictionary<string, string>())
            variables[name] = value;
        return (await Command.RunAsync(new ChildSpec(file, arguments) { Environment = variables, WorkingDirectory = directory }, cancel: cancel).ConfigureAwait(false)).OrThrow($"{file} {string.Join(' ', arguments)}").Output;
    }
}
