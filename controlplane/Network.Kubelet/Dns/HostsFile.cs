using System.Text;
using k8s.Models;

namespace Network.Kubelet.Dns;

/// <summary>A pod's host name and /etc/hosts.</summary>
internal static class HostsFile
{
    internal static string For(V1Pod pod, IReadOnlyList<string> addresses, string domain, string nodeHosts)
    {
        var text = new StringBuilder();
        if (pod.Spec.HostNetwork == true)
        {
            text.Append("# Kubernetes-managed hosts file (host network).\n").Append(nodeHosts);
        }
        else
        {
            text.Append("# Kubernetes-managed hosts file.\n")
                .Append("127.0.0.1\tlocalhost\n")
                .Append("::1\tlocalhost ip6-localhost ip6-loopback\n")
                .Append("fe00::0\tip6-localnet\n")
                .Append("fe00::0\tip6-mcastprefix\n")
                .Append("fe00::1\tip6-allnodes\n")
                .Append("fe00::2\tip6-allrouters\n");
            var name = Hostname(pod);
            foreach (var address in addresses)
            {
                text.Append(address).Append('\t');
                if (DomainOf(pod, domain) is { } full)
                    text.Append(name).Append('.').Append(full).Append('\t');
                text.Append(name).Append('\n');
            }
        }

        if (pod.Spec.HostAliases is { Count: > 0 } aliases)
        {
            text.Append("\n# Entries added by HostAliases.\n");
            foreach (var alias in aliases)
                text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The short name; a host name may have 63 characters (RFC 1123).</summary>
    internal static string Hostname(V1Pod pod)
    {
        var name = string.IsNullOrEmpty(pod.Spec.Hostname) ? pod.Metadata.Name : pod.Spec.Hostname;
        return name.Length > 63 ? name[..63].TrimEnd('-', '.') : name;
    }

    /// <summary>What the container's kernel is told: the short name, or the full one when the pod asks.</summary>
    internal static string KernelHostname(V1Pod pod, string domain, string nodeName)
    {
        if (pod.Spec.HostNetwork == true)
            return nodeName;
        return pod.Spec.SetHostnameAsFQDN == true && DomainOf(pod, domain) is { } full ? $"{Hostname(pod)}.{full}" : Hostname(pod);
    }

    private static string? DomainOf(V1Pod pod, string domain) => string.IsNullOrEmpty(pod.Spec.Subdomain)
        ? null
        : $"{pod.Spec.Subdomain}.{pod.Metadata.NamespaceProperty}.svc.{domain}";
}
