using System.Globalization;
using Network.Api.Errors;
using Network.Store;

namespace Network.ApiServer.Handlers;

/// <summary>
/// How fresh a read must be: without a revision as fresh as anything anybody was told of, with 0 whatever is in memory,
/// with N not older than N, so that only a revision from the future has to wait.
/// </summary>
internal static class FreshReads
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    public static async ValueTask WaitAsync(IStore store, string resourceVersion, CancellationToken cancel)
    {
        var wanted = Parse(resourceVersion);
        if (resourceVersion.Length == 0 || wanted > store.Revision)
            await store.FreshAsync(cancel);
        if (wanted <= store.Revision)
            return;
        var left = s_patience;
        while (store.Revision < wanted && left > TimeSpan.Zero)
        {
            await Task.Delay(s_pause, cancel);
            left -= s_pause;
        }

        if (store.Revision < wanted)
            throw Refusal.FutureRevision(wanted, store.Revision);
    }

    public static long Parse(string resourceVersion)
    {
        if (resourceVersion.Length == 0)
            return 0;
        return long.TryParse(resourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var revision)
            ? revision
            : throw Refusal.BadRequest($"resourceVersion: Invalid value: \"{resourceVersion}\": must be a decimal number");
    }
}
