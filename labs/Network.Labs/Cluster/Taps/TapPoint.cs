namespace Network.Labs.Cluster.Taps;

/// <summary>How far out a device is: a packet passes from the cable inwards in this order.</summary>
public enum TapDepth
{
    Link,
    Node,
    Tunnel,
    Pod,
}

/// <summary>A device of a cluster that one can listen on, under the name a reader understands.</summary>
public sealed record TapPoint(string Name, string NetNs, string Device, string Description, TapDepth Depth);
