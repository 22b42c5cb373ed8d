namespace Network.Netlink;

/// <summary>The table an event is about.</summary>
public enum RouteEventKind
{
    /// <summary>Events were lost, or the monitor has just started: read everything again.</summary>
    Resync,
    Link,
    Address,
    Route,
    Neighbour,
    Fdb,
}
