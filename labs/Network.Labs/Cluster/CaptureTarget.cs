namespace Network.Labs.Cluster;

/// <summary>A device somebody asked to see: how it is called in a capture, and where it is.</summary>
public sealed record CaptureTarget(string Name, string NetNs, string Device, string Description, DeviceKind Kind);
