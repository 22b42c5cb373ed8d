using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>An ingress that names no class gets the default one.</summary>
internal sealed class DefaultIngressClass(ObjectRegistry registry) : IAdmission
{
    private const string Group = "networking.k8s.io";
    private static readonly ResourceInfo s_classes = ResourceCatalog.Get("ingressclasses", Group);

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.IsFor("ingresses", Group))
            return default;
        var spec = request.Value.Child("spec");
        if (spec["ingressClassName"] is not null || request.Value.At("metadata", "annotations", "kubernetes.io/ingress.class") is not null)
            return default;
        var defaults = registry.FindAll(s_classes).Where(c => c.Text("metadata", "annotations", "ingressclass.kubernetes.io/is-default-class") == "true").ToList();
        if (defaults.Count > 1)
            throw Refusal.Forbidden("ingresses", Group, request.Name, $"{defaults.Count} default IngressClasses were found, only 1 allowed");
        if (defaults.Count == 1)
            spec["ingressClassName"] = defaults[0].Text("metadata", "name");
        return default;
    }
}
