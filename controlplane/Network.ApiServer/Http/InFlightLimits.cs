using Network.Api.Errors;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Http;

/// <summary>
/// How many requests are worked on at once, reads and writes apart (apiserver server/filters/maxinflight). What keeps the cluster alive is never turned
/// away: superusers, leases, health. Streams do not count: they last as long as their clients want.
/// </summary>
internal sealed class InFlightLimits(int reads, int writes)
{
    private int _reads;
    private int _writes;

    /// <summary>Takes a place; dispose gives it back.</summary>
    /// <exception cref="ApiException">429, all places are taken.</exception>
    public Place Enter(UserInfo user, AccessRequest request)
    {
        if (request.IsLongRunning || request.Path.Length > 0 || request.Resource == "leases" || user.Groups.Contains("system:masters"))
            return default;
        var writing = request.Verb is not ("get" or "list");
        if (Interlocked.Increment(ref writing ? ref _writes : ref _reads) <= (writing ? writes : reads))
        {
            RequestMetrics.InFlight(writing, 1);
            return new Place(this, writing);
        }

        Interlocked.Decrement(ref writing ? ref _writes : ref _reads);
        RequestMetrics.Dropped(writing);
        throw Refusal.TooManyRequests("Too many requests, please try again later.", 1);
    }

    private void Leave(bool writing)
    {
        Interlocked.Decrement(ref writing ? ref _writes : ref _reads);
        RequestMetrics.InFlight(writing, -1);
    }

    public readonly struct Place(InFlightLimits? limits, bool writing) : IDisposable
    {
        public void Dispose() => limits?.Leave(writing);
    }
}
