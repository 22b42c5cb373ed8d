using Network.Api.Pki;

namespace Network.Controllers.Certificates;

/// <summary>The signers of kubernetes.io that this cluster runs, and what each of them accepts (pkg/apis/certificates/helpers.go).</summary>
internal static class KnownSigners
{
    internal const string Client = "kubernetes.io/kube-apiserver-client";
    internal const string Kubelet = "kubernetes.io/kube-apiserver-client-kubelet";
    internal const string Serving = "kubernetes.io/kubelet-serving";
    internal const string NodePrefix = "system:node:";
    private const string NodesGroup = "system:nodes";

    internal static bool IsKnown(string signer) => signer is Client or Kubelet or Serving;

    /// <summary>Why the signer refuses the request; empty when it does not.</summary>
    internal static string Fault(string signer, SigningRequest request, IEnumerable<string> usages)
    {
        var wanted = usages.ToHashSet();
        return signer switch
        {
            Client => wanted.Contains("client auth") && wanted.IsSubsetOf(["digital signature", "key encipherment", "client auth"]) ? ""
                : "usages did not match: client auth is required, and digital signature and key encipherment are all that may stand beside it",
            Kubelet => NodeFault(request, wanted, "client auth") is { Length: > 0 } fault ? fault
                : request.HasAlternativeNames ? "subjectAltNames are not allowed" : "",
            Serving => NodeFault(request, wanted, "server auth") is { Length: > 0 } fault ? fault
                : request.HasOtherNames ? "only DNS and IP subjectAltNames are allowed"
                : request.DnsNames.Count + request.Addresses.Count == 0 ? "at least one DNS or IP subjectAltName is required" : "",
            _ => $"unknown signer {signer}",
        };
    }

    private static string NodeFault(SigningRequest request, HashSet<string> usages, string purpose)
    {
        if (request.Names.Organizations is not [NodesGroup])
            return "subject organization is not system:nodes";
        if (!request.Names.CommonName.StartsWith(NodePrefix, StringComparison.Ordinal))
            return "subject common name does not begin with system:node:";
        return usages.SetEquals(["digital signature", purpose]) || usages.SetEquals(["digital signature", "key encipherment", purpose]) ? ""
            : $"usages did not match [digital signature key encipherment {purpose}]";
    }
}
