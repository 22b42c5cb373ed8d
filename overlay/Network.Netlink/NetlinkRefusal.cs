using Network.Linux;

namespace Network.Netlink;

/// <summary>A request of a batch that the kernel refused.</summary>
/// <param name="Index">Position in the batch.</param>
public readonly record struct NetlinkRefusal(int Index, LinuxException Error);
