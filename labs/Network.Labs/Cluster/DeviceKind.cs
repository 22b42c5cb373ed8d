namespace Network.Labs.Cluster;

/// <summary>
/// What a device carries, outermost first: the kernel keeps a packet's time stamp when it takes it out of its tunnel, so at
/// one instant the order of devices is the order of events.
/// </summary>
public enum DeviceKind
{
    Underlay,
    Tunnel,
    Bridge,
    Pod,
}
