using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Tables of services and what stands around them.</summary>
internal static class ServiceTables
{
    private const int ShownEndpoints = 3;

    public static TablePrinter Services { get; } = new(
        ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "‹Selector"],
        (o, now) =>
        [
            Cells.Name(o), o.Text("spec", "type"), Cells.OrNone(o.Text("spec", "clusterIP")), ExternalIp(o), Ports(o), Cells.Age(o, now),
            Cells.Labels(o.At("spec", "selector")),
        ]);

    public static TablePrinter Endpoints { get; } = new(
        ["Name", "Endpoints", "Age"], (o, now) => [Cells.Name(o), EndpointText(o), Cells.Age(o, now)]);

    public static TablePrinter Slices { get; } = new(
        ["Name", "AddressType", "Ports", "Endpoints", "Age"],
        (o, now) => [Cells.Name(o), o.Text("addressType"), SlicePorts(o), SliceEndpoints(o), Cells.Age(o, now)]);

    public static TablePrinter Ingresses { get; } = new(
        ["Name", "Class", "Hosts", "Address", "Ports", "Age"],
        (o, now) =>
        [
            Cells.Name(o), Cells.OrNone(o.Text("spec", "ingressClassName")), Hosts(o), LoadBalancer(o),
            o.Items("spec", "tls").Any() ? "80, 443" : "80", Cells.Age(o, now),
        ]);

    public static TablePrinter IngressClasses { get; } = new(
        ["Name", "Controller", "Parameters", "Age"],
        (o, now) => [Cells.Name(o), o.Text("spec", "controller"), Parameters(o), Cells.Age(o, now)]);

    public static TablePrinter NetworkPolicies { get; } = new(
        ["Name", "Pod-Selector", "Age"], (o, now) => [Cells.Name(o), Cells.Selector(o.At("spec", "podSelector")), Cells.Age(o, now)]);

    private static string Ports(JsonElement service)
    {
        var ports = service.Items("spec", "ports").Select(p => p.Number("nodePort") > 0
            ? $"{p.Number("port")}:{p.Number("nodePort")}/{p.Text("protocol")}"
            : $"{p.Number("port")}/{p.Text("protocol")}");
        return Cells.OrNone(string.Join(',', ports));
    }

    private static string ExternalIp(JsonElement service)
    {
        var external = string.Join(',', service.Items("spec", "externalIPs").Select(a => a.GetString()));
        switch (service.Text("spec", "type"))
        {
            case "ExternalName":
                return service.Text("spec", "externalName");
            case "LoadBalancer":
                var assigned = LoadBalancer(service);
                if (external.Length > 0)
                    return assigned.Length > 0 ? $"{assigned},{external}" : external;
                return assigned.Length > 0 ? assigned : "<pending>";
            default:
                return Cells.OrNone(external);
        }
    }

    private static string LoadBalancer(JsonElement value) => string.Join(',', value.Items("status", "loadBalancer", "ingress")
        .Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname")));

    private static string EndpointText(JsonElement endpoints)
    {
        var all = new List<string>();
        foreach (var subset in endpoints.Items("subsets"))
        {
            var ports = subset.Items("ports").ToList();
            if (ports.Count == 0)
                all.AddRange(subset.Items("addresses").Select(a => a.Text("ip")));
            foreach (var port in ports)
                all.AddRange(subset.Items("addresses").Select(a => JoinHostPort(a.Text("ip"), port.Number("port"))));
        }

        return Shorten(all);
    }

    private static string JoinHostPort(string ip, long port) => ip.Contains(':') ? $"[{ip}]:{port}" : $"{ip}:{port}";

    private static string Shorten(List<string> all) => all.Count == 0 ? Cells.None
        : all.Count <= ShownEndpoints ? string.Join(',', all) : $"{string.Join(',', all.Take(ShownEndpoints))} + {all.Count - ShownEndpoints} more...";

    private static string SlicePorts(JsonElement slice)
    {
        var ports = slice.Items("ports").Select(p => p.At("port").ValueKind == JsonValueKind.Number ? p.Text("port") : "*").ToList();
        return ports.Count == 0 ? "<unset>" : Shorten(ports);
    }

    private static string SliceEndpoints(JsonElement slice)
    {
        var addresses = slice.Items("endpoints").SelectMany(e => e.Items("addresses")).Select(a => a.GetString()!).ToList();
        return addresses.Count == 0 ? "<unset>" : Shorten(addresses);
    }

    private static string Hosts(JsonElement ingress)
    {
        var hosts = ingress.Items("spec", "rules").Select(r => r.Text("host")).Where(h => h.Length > 0).ToList();
        return hosts.Count == 0 ? "*" : Shorten(hosts);
    }

    private static string Parameters(JsonElement value)
    {
        var kind = value.Text("spec", "parameters", "kind");
        if (kind.Length == 0)
            return Cells.None;
        var group = value.Text("spec", "parameters", "apiGroup");
        return $"{kind}{(group.Length > 0 ? "." + group : "")}/{value.Text("spec", "parameters", "name")}";
    }
}
