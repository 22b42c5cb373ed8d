using System.Collections.Concurrent;
using k8s.Models;
using Network.Kubelet.Sources;

namespace Network.Kubelet.Volumes;

/// <summary>Service account tokens by pod and audience, renewed when 80 % of their life is over.</summary>
internal sealed class TokenCache(IPodObjects objects, TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Uid, string Audience, long Seconds), (string Token, DateTimeOffset RenewAt)> _tokens = new();

    internal async Task<string> GetAsync(V1Pod pod, string? audience, long seconds, CancellationToken cancel)
    {
        var key = (pod.Metadata.Uid, audience ?? "", seconds);
        var now = time.GetUtcNow();
        if (_tokens.TryGetValue(key, out var known) && now < known.RenewAt)
            return known.Token;
        var token = await objects.TokenAsync(pod, audience, seconds, cancel).ConfigureAwait(false);
        _tokens[key] = (token.Value, now + (token.Expires - now) * 0.8);
        return token.Value;
    }

    internal void Forget(string uid)
    {
        foreach (var key in _tokens.Keys.Where(key => key.Uid == uid))
            _tokens.TryRemove(key, out _);
    }
}
