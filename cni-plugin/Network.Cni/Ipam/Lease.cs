namespace Network.Cni.Ipam;

/// <summary>An address and who has it.</summary>
internal readonly record struct Lease(uint Address, string ContainerId, string IfName);
