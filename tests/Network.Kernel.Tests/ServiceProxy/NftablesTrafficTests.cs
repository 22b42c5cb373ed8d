using Network.ServiceProxy;

namespace Network.Kernel.Tests.ServiceProxy;

/// <inheritdoc/>
public sealed class NftablesTrafficTests() : ServiceTrafficTests(ProxyMode.Nftables);
