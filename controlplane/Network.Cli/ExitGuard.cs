using Network.Client;
using Network.Labs.Cluster;
using Network.Labs.Topology;
using Network.Linux;

namespace Network.Cli;

/// <summary>Turns expected failures into one line on standard error and exit code 1; anything else is a bug and shows its trace.</summary>
internal static class ExitGuard
{
    internal static async Task<int> GuardAsync(this Task<int> command)
    {
        try
        {
            return await command.ConfigureAwait(false);
        }
        catch (Exception e) when (e is ClusterException or TopologyException or LinuxException or ApiException or HttpRequestException
            or IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"podnet: {Words(e)}").ConfigureAwait(false);
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    // "The SSL connection could not be established, see inner exception" says nothing to somebody who sees no inner one.
    private static string Words(Exception e) =>
        e is HttpRequestException && e.GetBaseException() is { } root && root != e ? $"{e.Message} ({root.Message})" : e.Message;
}
