using Network.Conformance.ApiMachinery;
using Network.Conformance.Auth;
using Network.Conformance.Cli;
using Network.Conformance.CSharp;
using Network.Conformance.Services;

namespace Network.Conformance;

/// <summary>Every scenario, in the order of the table. A new theme is one file and one line here.</summary>
public static class ScenarioCatalog
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        .. Discovery.All,
        .. ApiOperations.All,
        .. Namespaces.All,
        .. GarbageCollection.All,
        .. Quotas.All,
        .. CustomResources.All,
        .. CustomResourcePublishing.All,
        .. Watchers.All,
        .. Lists.All,
        .. FieldValidation.All,
        .. ServiceAccounts.All,
        .. Access.All,
        .. Kubectl.All,
        .. Applying.All,
        .. Pods.All,
        .. OfficialClient.All,
        .. ServiceBasics.All,
        .. ServiceLife.All,
        .. Affinity.All,
        .. TrafficPolicies.All,
        .. Draining.All,
        .. TrackedConnections.All,
        .. Distribution.All,
        .. LoadBalancers.All,
    ];
}
