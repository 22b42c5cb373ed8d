using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Allocation;
using Network.ApiServer.Authentication;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Bootstrap;

/// <summary>The objects clients expect in every cluster, created or brought up to date when the server starts.</summary>
internal sealed class BootstrapObjects(ObjectRegistry registry, ApiServerSettings settings, ServiceRanges ranges)
{
    private static readonly string[] s_namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

    public async Task EnsureAsync()
    {
        foreach (var name in s_namespaces)
        {
            await CreateAsync("namespaces", "", "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
            await registry.FillNamespaceAsync(name);
        }

        foreach (var (name, value) in new[] { ("system-cluster-critical", 2000000000), ("system-node-critical", 2000001000) })
            await CreatePriorityClassAsync(name, value);
        foreach (var role in BootstrapPolicy.ClusterRoles())
            await EnsureAsync("clusterroles", role);
        foreach (var binding in BootstrapPolicy.ClusterRoleBindings())
            await EnsureAsync("clusterrolebindings", binding);
        await Task.WhenAll(GroupRegistrations.All(registry.Time.GetUtcNow()).Select(g => CreateAsync("apiservices", "apiregistration.k8s.io", "", g)));
        if (settings.Advertise is not null)
            await EnsureServiceAsync();
    }

    private async Task CreatePriorityClassAsync(string name, int value) => await CreateAsync("priorityclasses", "scheduling.k8s.io", "", new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name }, ["value"] = value, ["preemptionPolicy"] = "PreemptLowerPriority",
        ["description"] = name.Contains("node") ? "Used for system critical pods that must not be moved from their current node."
            : "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    });

    // Reconciled at every start: a new version of the server may need new rights.
    private async Task EnsureAsync(string plural, JsonObject wanted)
    {
        var resource = ResourceCatalog.Get(plural, "rbac.authorization.k8s.io");
        var name = wanted.Text("metadata", "name");
        if (await CreateAsync(plural, resource.Group, "", (JsonObject)wanted.DeepClone()))
            return;
        await registry.UpdateAsync(Context(resource, ""), name, old => PolicyReconciliation.Complete(old, wanted));
    }

    private async Task EnsureServiceAsync()
    {
        await CreateAsync("services", "", "default", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
            ["spec"] = new JsonObject
            {
                ["clusterIP"] = ranges.First.ToString(),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = settings.Advertise!.Port }),
            },
        });
        var address = settings.Advertise.Address.ToString();
        await PutAsync("endpoints", "", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } },
            ["subsets"] = new JsonArray(new JsonObject
            {
                ["addresses"] = new JsonArray(new JsonObject { ["ip"] = address }),
                ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = settings.Advertise.Port, ["protocol"] = "TCP" }),
            }),
        });
        await PutAsync("endpointslices", "discovery.k8s.io", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "kubernetes" } },
            ["addressType"] = settings.Advertise.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
            ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true } }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = settings.Advertise.Port, ["protocol"] = "TCP" }),
        });
    }

    private async Task PutAsync(string plural, string group, JsonObject wanted)
    {
        if (await CreateAsync(plural, group, "default", (JsonObject)wanted.DeepClone()))
            return;
        await registry.UpdateAsync(Context(ResourceCatalog.Get(plural, group), "default"), "kubernetes", old =>
        {
            foreach (var (name, value) in wanted)
            {
                if (name != "metadata")
                    old[name] = value?.DeepClone();
            }

            return old;
        });
    }

    private async Task<bool> CreateAsync(string plural, string group, string ns, JsonObject value)
    {
        try
        {
            await registry.CreateAsync(Context(ResourceCatalog.Get(plural, group), ns), value);
            return true;
        }
        catch (ApiException e) when (e.Reason == "AlreadyExists")
        {
            return false;
        }
    }

    private static WriteContext Context(ResourceInfo resource, string ns) => new(resource, ns, UserInfo.Loopback) { FieldManager = "podnet-apiserver" };
}
