using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>The plugins in the order they run (upstream pkg/kubeapiserver/options/plugins.go); what completes objects comes before what counts them.</summary>
internal static class AdmissionPlugins
{
    public static AdmissionChain Create(ObjectRegistry registry, IAuthorizer authorizer, RbacAuthorizer rbac) => new(
    [
        new NamespaceLifecycle(registry),
        new ServiceAccountAdmission(registry),
        new NodeRestriction(registry),
        new TaintNodesByCondition(),
        new PriorityAdmission(registry),
        new DefaultTolerationSeconds(),
        new RbacEscalation(authorizer, rbac),
    ]);
}
