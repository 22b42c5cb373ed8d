using Network.Cni.Protocol;

namespace Network.Cni.Types;

/// <summary>One call of the program: environment and configuration.</summary>
internal sealed record Invocation(CniEnvironment Environment, NetworkConfig Config);
