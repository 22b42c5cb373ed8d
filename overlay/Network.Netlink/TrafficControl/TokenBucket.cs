using Network.Netlink.Interop;

namespace Network.Netlink.TrafficControl;

/// <summary>
/// A token bucket (tc-tbf(8)): at most <paramref name="Rate"/> bytes a second over time, <paramref name="Burst"/> bytes
/// at once; what waits longer than <paramref name="Latency"/> is dropped.
/// </summary>
public readonly record struct TokenBucket(ulong Rate, uint Burst, TimeSpan Latency)
{
    // One tick is 64 ns since the kernel's PSCHED_SHIFT of 6 (include/net/pkt_sched.h).
    private const double TicksPerSecond = 1e9 / 64;

    internal tc_tbf_qopt Parameters => new()
    {
        rate = new tc_ratespec
        {
            // A cell_log other than 0 or this link layer tells the kernel that no rate table of old comes along.
            linklayer = TrafficControlH.TC_LINKLAYER_ETHERNET,
            rate = (uint)Math.Min(Rate, uint.MaxValue),
        },
        limit = (uint)Math.Min((Rate * Latency.TotalSeconds) + Burst, uint.MaxValue),
        buffer = (uint)Math.Min(Burst / (double)Rate * TicksPerSecond, uint.MaxValue),
    };
}
