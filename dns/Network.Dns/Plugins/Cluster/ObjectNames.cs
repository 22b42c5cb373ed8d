using Network.Dns.Wire;

namespace Network.Dns.Plugins.Cluster;

/// <summary>The object of the cluster behind a name, in words. Pure.</summary>
internal static class ObjectNames
{
    internal static string Of(string name, DnsAnswer? answer, string zone)
    {
        if (answer?.Code == ResponseCode.NxDomain)
            return "no such name";
        if (answer is { Answers: [{ Type: RecordType.PTR } pointer, ..] })
            name = WireName.ToText(pointer.Data);
        var plain = name.TrimEnd('.').ToLowerInvariant();
        if (!plain.EndsWith("." + zone, StringComparison.Ordinal))
            return $"zone {zone}";
        return plain[..^(zone.Length + 1)].Split('.') switch
        {
            [var ns, "svc" or "pod"] => $"namespace {ns}",
            [_, var ns, "pod"] => $"address in the name, namespace {ns}",
            [var service, var ns, "svc"] => $"service {ns}/{service}",
            [['_', .. var port], ['_', .. var protocol], var service, var ns, "svc"] => $"port {port}/{protocol} of service {ns}/{service}",
            [var host, var service, var ns, "svc"] => $"endpoint {host} of service {ns}/{service}",
            _ => $"zone {zone}",
        };
    }
}
