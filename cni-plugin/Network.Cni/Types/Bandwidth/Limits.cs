using Network.Cni.Protocol;
using Network.Netlink.TrafficControl;

namespace Network.Cni.Types.Bandwidth;

/// <summary>How much a pod may receive (ingress) and send (egress); null where there is no limit.</summary>
internal readonly record struct Limits(TokenBucket? Ingress, TokenBucket? Egress)
{
    private static readonly TimeSpan s_latency = TimeSpan.FromMilliseconds(25);

    internal bool Any => Ingress is not null || Egress is not null;

    /// <summary>Bits, and bits a second, as the CNI conventions say; the runtime's word counts before the file's.</summary>
    internal static Limits Parse(NetworkConfig config)
    {
        var runtime = config.RuntimeConfig.Object("bandwidth");
        var source = runtime.Exists ? runtime : config.Root;
        return new Limits(BucketOf(source, "ingressRate", "ingressBurst"), BucketOf(source, "egressRate", "egressBurst"));
    }

    private static TokenBucket? BucketOf(ConfigObject source, string rateName, string burstName)
    {
        const ulong mostBurst = (ulong)uint.MaxValue * 8;
        const ulong slowest = 8;
        var rate = source.Number(rateName, ulong.MaxValue);
        var burst = source.Number(burstName, ulong.MaxValue);
        if (burst > mostBurst)
            throw source.Invalid(burstName, $"{burst}", $"at most {mostBurst} bits");
        if (rate == 0)
            return burst == 0 ? null : throw source.Invalid(rateName, "0", $"bits a second, because {burstName} is given");
        if (rate < slowest)
            throw source.Invalid(rateName, $"{rate}", $"at least {slowest} bits a second");
        if (burst == 0)
            throw source.Invalid(burstName, "0", $"bits that may come at once, because {rateName} is given");
        return new TokenBucket(rate / 8, (uint)Math.Max(1, burst / 8), s_latency);
    }
}
