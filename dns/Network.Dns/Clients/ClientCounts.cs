using Network.Dns.Wire;

namespace Network.Dns.Clients;

/// <summary>What one client was told so far.</summary>
public sealed class ClientCounts
{
    private long _queries;
    private long _missing;
    private long _failed;

    public long Queries => Volatile.Read(ref _queries);

    /// <summary>Answered with "no such name".</summary>
    public long Missing => Volatile.Read(ref _missing);

    /// <summary>Answered with SERVFAIL or REFUSED.</summary>
    public long Failed => Volatile.Read(ref _failed);

    internal void Count(ResponseCode code)
    {
        Interlocked.Increment(ref _queries);
        if (code == ResponseCode.NxDomain)
            Interlocked.Increment(ref _missing);
        else if (code is ResponseCode.ServFail or ResponseCode.Refused)
            Interlocked.Increment(ref _failed);
    }
}
