using System.Net;
using k8s.Models;
using Network.Client;
using Network.Dns.Plugins.Search;

namespace Network.Host.Dns;

/// <summary>Tells the DNS server which pods of its node ask from which address, and which search list their resolv.conf has.</summary>
internal sealed class ClientPods(PodDirectory pods, string domain, IReadOnlyList<string> nodeSearches)
{
    /// <summary>A pod with this annotation set to "false" walks its search list by itself.</summary>
    internal const string Annotation = "dns.podnet.io/search-expansion";

    internal void Follow(Change<V1Pod> change)
    {
        var addresses = change.IsDelete || change.Object.Status?.Phase is "Succeeded" or "Failed" ? [] : AddressesOf(change.New);
        foreach (var gone in AddressesOf(change.Old).Except(addresses))
            pods.Remove(gone);
        foreach (var address in addresses)
            pods.Put(address, ClientOf(change.New!, domain, nodeSearches));
    }

    /// <summary>Pure.</summary>
    internal static ClientPod ClientOf(V1Pod pod, string domain, IReadOnlyList<string> nodeSearches)
    {
        var ns = pod.Metadata.NamespaceProperty;
        var ownPolicy = pod.Spec.DnsPolicy is null or "ClusterFirst" or "ClusterFirstWithHostNet";
        string[] searches = [$"{ns}.svc.{domain}", $"svc.{domain}", domain, .. nodeSearches, .. pod.Spec.DnsConfig?.Searches ?? []];
        var off = pod.Metadata.Annotations?.TryGetValue(Annotation, out var value) == true && value == "false";
        // A pod that asks names with a dot as they are first has no series of questions to spare.
        var dots = pod.Spec.DnsConfig?.Options?.FirstOrDefault(option => option.Name == "ndots")?.Value;
        return new ClientPod(ns, pod.Metadata.Name, searches.Select(search => search.TrimEnd('.').ToLowerInvariant()).Distinct(StringComparer.Ordinal).ToList(),
            ownPolicy && !off && dots is not ("0" or "1"));
    }

    // Pods on the node's network share its address, so nobody can tell them apart.
    private static List<IPAddress> AddressesOf(V1Pod? pod) => pod is null || pod.Spec.HostNetwork == true ? [] :
        (pod.Status?.PodIPs ?? []).Select(ip => IPAddress.TryParse(ip.Ip, out var address) ? address : null).OfType<IPAddress>().ToList();
}
