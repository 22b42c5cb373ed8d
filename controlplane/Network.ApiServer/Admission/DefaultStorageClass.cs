using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>A claim that names no class gets the default one; of several the newest (KEP-3333).</summary>
internal sealed class DefaultStorageClass(ObjectRegistry registry) : IAdmission
{
    private const string Annotation = "storageclass.kubernetes.io/is-default-class", BetaAnnotation = "storageclass.beta.kubernetes.io/is-default-class";
    private static readonly ResourceInfo s_classes = ResourceCatalog.Get("storageclasses", "storage.k8s.io");

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || !request.IsFor("persistentvolumeclaims"))
            return default;
        var spec = request.Value.Child("spec");
        // An empty name is a choice: no class at all.
        if (spec["storageClassName"] is not null || request.Value.Text("metadata", "annotations", "volume.beta.kubernetes.io/storage-class").Length > 0)
            return default;
        var chosen = registry.FindAll(s_classes)
            .Where(c => c.Text("metadata", "annotations", Annotation) == "true" || c.Text("metadata", "annotations", BetaAnnotation) == "true")
            .OrderByDescending(c => c.Text("metadata", "creationTimestamp"), StringComparer.Ordinal).ThenBy(c => c.Text("metadata", "name"), StringComparer.Ordinal).FirstOrDefault();
        if (chosen is not null)
            spec["storageClassName"] = chosen.Text("metadata", "name");
        return default;
    }
}
