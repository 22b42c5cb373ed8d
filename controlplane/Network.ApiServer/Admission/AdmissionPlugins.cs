using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>The plugins in the order they run (upstream pkg/kubeapiserver/options/plugins.go).</summary>
internal static class AdmissionPlugins
{
    public static AdmissionChain Create(ObjectRegistry registry) => new(
    [
        new NamespaceLifecycle(registry),
        new ServiceAccountAdmission(registry),
        new TaintNodesByCondition(),
        new PriorityAdmission(registry),
        new DefaultTolerationSeconds(),
    ]);
}
