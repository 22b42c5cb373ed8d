namespace Network.Netlink.Netfilter;

/// <summary>Each committed transaction of a namespace, whoever's, makes the next generation.</summary>
/// <param name="ProcessId">Who made it; 0 when the kernel was asked, not told.</param>
public readonly record struct NftGeneration(uint Id, int ProcessId, string ProcessName);
