using Network.ApiServer.Admission.PodSecurity;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>The plugins in the order they run (upstream pkg/kubeapiserver/options/plugins.go); what completes objects comes before what counts them.</summary>
internal static class AdmissionPlugins
{
    public static AdmissionChain Create(ObjectRegistry registry, IAuthorizer authorizer, RbacAuthorizer rbac) => new(
    [
        new NamespaceLifecycle(registry),
        new LimitRanger(registry),
        new ServiceAccountAdmission(registry),
        new NodeRestriction(registry),
        new TaintNodesByCondition(),
        new PodSecurityAdmission(registry),
        new PriorityAdmission(registry),
        new DefaultTolerationSeconds(),
        new DefaultStorageClass(registry),
        new RuntimeClassAdmission(registry),
        new CertificateRequester(),
        new CertificateApproval(authorizer, registry.Time),
        new CertificateSigning(authorizer),
        new CertificateSubjectRestriction(),
        new DefaultIngressClass(registry),
        new RbacEscalation(authorizer, rbac),
        new ResourceQuotaAdmission(registry),
    ]);
}
