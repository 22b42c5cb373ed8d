namespace Network.ServiceProxy.Announce;

/// <summary>
/// The times by which never two nodes answer for an address. A holder renews its session; it may answer until <see cref="Valid"/> after it sent
/// the last renewal that succeeded. Others take over once they have seen no renewal for <see cref="Dead"/>, each by its own clock from when it saw the
/// last: that is later than when it was sent, so the holder has been silent for at least the difference. No clock is compared with another's.
/// </summary>
public static class Holding
{
    public static readonly TimeSpan Renewal = TimeSpan.FromMilliseconds(250), Valid = TimeSpan.FromMilliseconds(900), Dead = TimeSpan.FromMilliseconds(1150);
}
