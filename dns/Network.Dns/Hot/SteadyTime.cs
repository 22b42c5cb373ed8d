namespace Network.Dns.Hot;

/// <summary>Seconds since some moment, for ages: a clock that is set, forward or back, makes nothing older or younger.</summary>
internal static class SteadyTime
{
    internal static uint Seconds(this TimeProvider time) => (uint)(time.GetTimestamp() / time.TimestampFrequency);
}
