using Network.ApiServer.Admission.PodSecurity;
using Network.ApiServer.Admission.Webhooks;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>The plugins in the order they run (upstream pkg/kubeapiserver/options/plugins.go).</summary>
internal static class AdmissionPlugins
{
    public static AdmissionChain Create(ObjectRegistry registry, IAuthorizer authorizer, RbacAuthorizer rbac, WebhookAdmission webhooks) => new()
    {
        Completing =
        [
            new NamespaceLifecycle(registry),
            new LimitRanger(registry),
            new ServiceAccountAdmission(registry),
            new NodeRestriction(registry),
            new TaintNodesByCondition(),
            new PriorityAdmission(registry),
            new DefaultTolerationSeconds(),
            new DefaultStorageClass(registry),
            new RuntimeClassAdmission(registry),
            new DefaultIngressClass(registry),
        ],
        Webhooks = webhooks,
        Sealing = [new CertificateRequester()],
        Judging =
        [
            new PodSecurityAdmission(registry),
            new CertificateApproval(authorizer, registry.Time),
            new CertificateSigning(authorizer),
            new CertificateSubjectRestriction(),
            new RbacEscalation(authorizer, rbac),
        ],
        Charging = [new ResourceQuotaAdmission(registry)],
    };
}
