using System.Net;
using System.Security.Cryptography;
using System.Text;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends.Iptables;

/// <summary>kube-proxy's chain names, so that what operators know of them holds here.</summary>
internal static class Chains
{
    internal const string Services = "KUBE-SERVICES";
    internal const string ExternalServices = "KUBE-EXTERNAL-SERVICES";
    internal const string NodePorts = "KUBE-NODEPORTS";
    internal const string Postrouting = "KUBE-POSTROUTING";
    internal const string MarkMasquerade = "KUBE-MARK-MASQ";
    internal const string Forward = "KUBE-FORWARD";
    internal const string Firewall = "KUBE-PROXY-FIREWALL";
    internal const string Canary = "KUBE-PROXY-CANARY";

    /// <summary>Bit 14 of the packet mark: to be masqueraded.</summary>
    internal const string Mark = "0x4000";

    internal static string Service(ServicePort service) => "KUBE-SVC-" + Hash(service.Id + service.ProtocolName);

    internal static string LocalService(ServicePort service) => "KUBE-SVL-" + Hash(service.Id + service.ProtocolName);

    internal static string External(ServicePort service) => "KUBE-EXT-" + Hash(service.Id + service.ProtocolName);

    internal static string SourceRanges(ServicePort service) => "KUBE-FW-" + Hash(service.Id + service.ProtocolName);

    internal static string Endpoint(ServicePort service, ServiceEndpoint endpoint) =>
        "KUBE-SEP-" + Hash($"{service.Id}{service.ProtocolName}{new IPEndPoint(endpoint.Address, endpoint.Port)}");

    internal static bool IsPerService(string chain) =>
        chain.StartsWith("KUBE-SVC-", StringComparison.Ordinal) || chain.StartsWith("KUBE-SVL-", StringComparison.Ordinal)
        || chain.StartsWith("KUBE-EXT-", StringComparison.Ordinal) || chain.StartsWith("KUBE-SEP-", StringComparison.Ordinal)
        || chain.StartsWith("KUBE-FW-", StringComparison.Ordinal);

    // First 16 characters of base32(sha256), as kube-proxy names its chains.
    private static string Hash(string text)
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return string.Create(16, bytes, static (name, hash) =>
        {
            for (var i = 0; i < name.Length; i++)
            {
                var bit = i * 5;
                var pair = (hash[bit / 8] << 8) | hash[(bit / 8) + 1];
                name[i] = alphabet[(pair >> (11 - (bit % 8))) & 31];
            }
        });
    }
}
