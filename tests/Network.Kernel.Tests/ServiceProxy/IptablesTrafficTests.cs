using Network.ServiceProxy;

namespace Network.Kernel.Tests.ServiceProxy;

/// <inheritdoc/>
public sealed class IptablesTrafficTests() : ServiceTrafficTests(ProxyMode.Iptables);
