namespace Network.ApiServer.Strategies;

/// <summary>Events live an hour, as upstream's --event-ttl says.</summary>
internal sealed class EventStrategy : Strategy
{
    public override TimeSpan? TimeToLive { get; } = TimeSpan.FromHours(1);
}
