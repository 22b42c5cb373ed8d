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
    private const int ServiceAttempts = 50;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);
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
        if (settings.Advertise is { } advertised)
            await EnsureServiceAsync(advertised.Port);
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

    // Its endpoints are the live servers; see ServerEndpoints. Of servers that start together on a new store one takes the address and is about to write
    // the service; the others wait for it.
    private async Task EnsureServiceAsync(int port)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await CreateAsync("services", "", "default", Service(port));
                return;
            }
            catch (ApiException e) when (e.Reason == "Invalid" && attempt < ServiceAttempts)
            {
                await Task.Delay(s_pause, registry.Time);
                await registry.Store.FreshAsync();
            }
        }
    }

    private JsonObject Service(int port) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = ranges.First.ToString(),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["protocol"] = "TCP", ["targetPort"] = port }),
        },
    };

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
