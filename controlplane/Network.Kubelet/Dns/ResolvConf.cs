using System.Net;
using k8s.Models;

namespace Network.Kubelet.Dns;

/// <summary>A resolver configuration (resolv.conf(5)) and how a pod's is made from the node's and the pod's policy.</summary>
internal sealed record ResolvConf(IReadOnlyList<string> Nameservers, IReadOnlyList<string> Searches, IReadOnlyList<string> Options)
{
    // glibc reads three servers; Kubernetes limits search lists to 32 names and 2048 characters.
    private const int MaximumNameservers = 3, MaximumSearches = 32, MaximumSearchLength = 2048;

    internal const string ResolvedFile = "/run/systemd/resolve/resolv.conf";

    /// <summary>The node's file: behind systemd-resolved's stub address the real one, because the stub is unreachable from a pod.</summary>
    internal static string FindNodeFile()
    {
        const string standard = "/etc/resolv.conf";
        return File.Exists(ResolvedFile) && File.Exists(standard) && Parse(File.ReadAllText(standard)).Nameservers.Contains("127.0.0.53")
            ? ResolvedFile
            : standard;
    }

    internal static ResolvConf Parse(string text)
    {
        List<string> servers = [], searches = [], options = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..]:
                    servers.Add(server);
                    break;
                case ["search" or "domain", ..]:
                    searches = [.. words[1..].Select(name => name.Length > 1 ? name.TrimEnd('.') : name)];
                    break;
                case ["options", ..]:
                    options.AddRange(words[1..]);
                    break;
            }
        }

        return new ResolvConf(servers, searches, options);
    }

    internal static ResolvConf For(V1Pod pod, ResolvConf node, IReadOnlyList<IPAddress> clusterDns, string domain, out string? warning)
    {
        warning = null;
        var policy = pod.Spec.DnsPolicy ?? "ClusterFirst";
        if (pod.Spec.HostNetwork == true && policy == "ClusterFirst")
            policy = "Default";
        var result = policy switch
        {
            "None" => new ResolvConf([], [], []),
            "ClusterFirst" or "ClusterFirstWithHostNet" when clusterDns.Count > 0 => new ResolvConf(
                [.. clusterDns.Select(address => address.ToString())],
                [$"{pod.Metadata.NamespaceProperty}.svc.{domain}", $"svc.{domain}", domain, .. node.Searches],
                ["ndots:5"]),
            _ => node,
        };
        if (policy is "ClusterFirst" or "ClusterFirstWithHostNet" && clusterDns.Count == 0)
            warning = $"pod: \"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({pod.Metadata.Uid})\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"{policy}\" policy. Falling back to \"Default\" policy.";
        if (pod.Spec.DnsConfig is { } config)
            result = result.Merge(config);
        return result.Limit(ref warning);
    }

    internal string ToText() =>
        string.Concat(Nameservers.Select(server => $"nameserver {server}\n"))
        + (Searches.Count > 0 ? $"search {string.Join(' ', Searches)}\n" : "")
        + (Options.Count > 0 ? $"options {string.Join(' ', Options)}\n" : "");

    private ResolvConf Merge(V1PodDNSConfig config)
    {
        var options = new Dictionary<string, string>();
        foreach (var option in Options.Select(text => text.Split(':', 2)))
            options[option[0]] = option.Length > 1 ? option[1] : "";
        foreach (var option in config.Options ?? [])
            options[option.Name] = option.Value ?? "";
        return new ResolvConf(
            [.. Nameservers.Concat(config.Nameservers ?? []).Distinct()],
            [.. Searches.Concat(config.Searches ?? []).Distinct()],
            [.. options.Select(pair => pair.Value.Length > 0 ? $"{pair.Key}:{pair.Value}" : pair.Key)]);
    }

    private ResolvConf Limit(ref string? warning)
    {
        var servers = Nameservers.Take(MaximumNameservers).ToList();
        var searches = Searches.Take(MaximumSearches).ToList();
        while (searches.Sum(name => name.Length + 1) - 1 > MaximumSearchLength)
            searches.RemoveAt(searches.Count - 1);
        if (servers.Count < Nameservers.Count)
            warning ??= $"Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: {string.Join(' ', servers)}";
        if (searches.Count < Searches.Count)
            warning ??= $"Search Line limits were exceeded, some search paths have been omitted, the applied search line is: {string.Join(' ', searches)}";
        return new ResolvConf(servers, searches, Options);
    }
}
