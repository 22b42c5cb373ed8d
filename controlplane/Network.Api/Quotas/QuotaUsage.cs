using System.Text.Json.Nodes;
using Network.Api.Quantities;
using Network.Api.Resources;
using Network.Api.Schema;

namespace Network.Api.Quotas;

/// <summary>What one object costs in the terms of a resource quota (pkg/quota/v1/evaluator). Pure: admission charges with it, the controller recounts.</summary>
public static class QuotaUsage
{
    private const string ClassSuffix = ".storageclass.storage.k8s.io/";
    private static readonly string[] s_plain = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas", "persistentvolumeclaims", "services"];

    /// <summary>Charges of an object under this quota: only what the quota limits, nothing when its scopes leave the object out.</summary>
    public static IReadOnlyDictionary<string, Quantity> Of(JsonObject quota, ResourceInfo resource, JsonNode? value)
    {
        var charges = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        if (value is null || !QuotaScopes.Match(quota, resource, value))
            return charges;
        foreach (var (name, amount) in All(resource, value))
        {
            if (quota.At("spec", "hard", name) is not null)
                charges[name] = charges.TryGetValue(name, out var known) ? known + amount : amount;
        }

        return charges;
    }

    /// <summary>True when the quota limits anything objects of this resource cost.</summary>
    public static bool Concerns(JsonObject quota, ResourceInfo resource) => (quota.At("spec", "hard") as JsonObject ?? []).Any(h => Concerns(h.Key, resource));

    /// <summary>Compute resources that the quota limits and a container of the pod does not state: name and containers.</summary>
    public static IReadOnlyList<(string Resource, string Containers)> Unstated(JsonObject quota, JsonNode? pod)
    {
        var missing = new List<(string, string)>();
        if (!QuotaScopes.Match(quota, ResourceCatalog.Get("pods"), pod))
            return missing;
        foreach (var (name, _) in quota.At("spec", "hard") as JsonObject ?? [])
        {
            if (name is not ("cpu" or "memory" or "requests.cpu" or "requests.memory" or "limits.cpu" or "limits.memory"))
                continue;
            var field = name.StartsWith("limits.", StringComparison.Ordinal) ? "limits" : "requests";
            var bare = name[(name.IndexOf('.') + 1)..];
            var without = pod.Items("spec", "containers").Concat(pod.Items("spec", "initContainers")).Where(c => c.At("resources", field, bare) is null).Select(c => c.Text("name")).ToList();
            if (without.Count > 0)
                missing.Add((name, string.Join(',', without)));
        }

        return missing;
    }

    private static bool Concerns(string name, ResourceInfo resource)
    {
        if (name == "count/" + resource.Qualified || (resource.Group.Length == 0 && name == resource.Plural))
            return true;
        return (resource.Group, resource.Plural) switch
        {
            ("", "pods") => name is "cpu" or "memory" or "ephemeral-storage" || name.StartsWith("limits.", StringComparison.Ordinal)
                || (name.StartsWith("requests.", StringComparison.Ordinal) && name != "requests.storage"),
            ("", "services") => name.StartsWith("services.", StringComparison.Ordinal),
            ("", "persistentvolumeclaims") => name == "requests.storage" || name.Contains(ClassSuffix),
            _ => false,
        };
    }

    private static IEnumerable<(string Name, Quantity Amount)> All(ResourceInfo resource, JsonNode value)
    {
        yield return ("count/" + resource.Qualified, One(1));
        if (resource.Group.Length > 0)
            yield break;
        if (s_plain.Contains(resource.Plural))
            yield return (resource.Plural, One(1));
        var more = resource.Plural switch
        {
            "pods" => OfPod(value),
            "services" => OfService(value),
            "persistentvolumeclaims" => OfClaim(value),
            _ => [],
        };
        foreach (var charge in more)
            yield return charge;
    }

    // A pod that has ended uses nothing but its own record.
    private static IEnumerable<(string, Quantity)> OfPod(JsonNode pod)
    {
        if (pod.Text("status", "phase") is "Succeeded" or "Failed")
            yield break;
        yield return ("pods", One(1));
        foreach (var field in (string[])["requests", "limits"])
        {
            foreach (var (name, text) in PodResources.Sum(pod["spec"], field))
            {
                if (!Quantity.TryParse(text?.ToString(), out var amount))
                    continue;
                yield return ($"{field}.{name}", amount);
                if (field == "requests" && name is "cpu" or "memory" or "ephemeral-storage")
                    yield return (name, amount);
            }
        }
    }

    private static IEnumerable<(string, Quantity)> OfService(JsonNode service)
    {
        var type = service.Text("spec", "type");
        var ports = service.Items("spec", "ports").ToList();
        yield return ("services.nodeports", One(type switch
        {
            "NodePort" => ports.Count,
            "LoadBalancer" => service.Flag("spec", "allocateLoadBalancerNodePorts") == false ? ports.Count(p => p.Number("nodePort") is > 0) : ports.Count,
            _ => 0,
        }));
        yield return ("services.loadbalancers", One(type == "LoadBalancer" ? 1 : 0));
    }

    private static IEnumerable<(string, Quantity)> OfClaim(JsonNode claim)
    {
        var storageClass = claim.Text("spec", "storageClassName");
        if (storageClass.Length > 0)
            yield return ($"{storageClass}{ClassSuffix}persistentvolumeclaims", One(1));
        if (!Quantity.TryParse(claim.Text("spec", "resources", "requests", "storage"), out var storage))
            yield break;
        yield return ("requests.storage", storage);
        if (storageClass.Length > 0)
            yield return ($"{storageClass}{ClassSuffix}requests.storage", storage);
    }

    private static Quantity One(int count) => Quantity.TryParse(count.ToString(System.Globalization.CultureInfo.InvariantCulture), out var value) ? value : default;
}
