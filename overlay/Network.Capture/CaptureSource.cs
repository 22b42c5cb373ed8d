namespace Network.Capture;

/// <summary>A device to listen on. <paramref name="Name"/> is what readers of the capture see, such as <c>w1/vxlan</c>.</summary>
/// <param name="NetNs">Name or path of the namespace the device is in; null means this process's.</param>
public sealed record CaptureSource(string Name, string? NetNs, string Device, string Description);
