using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>Resolves priorityClassName to a number, and finds the default class.</summary>
internal sealed class PriorityAdmission(ObjectRegistry registry) : IAdmission
{
    private static readonly ResourceInfo s_classes = ResourceCatalog.Get("priorityclasses", "scheduling.k8s.io");

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || request.Context.Resource is not { Group: "", Plural: "pods" })
            return default;
        var spec = request.Value.Child("spec");
        var name = spec.Text("priorityClassName");
        var found = name.Length > 0
            ? registry.Find(s_classes, "", name) ?? throw Refusal.Forbidden("pods", "", request.Value.Text("metadata", "name"), $"no PriorityClass with name {name} was found")
            : registry.FindAll(s_classes).FirstOrDefault(c => c.Flag("globalDefault") == true);
        if (found is not null)
            spec["priorityClassName"] = found.Text("metadata", "name");
        spec["priority"] = found.Number("value") ?? 0;
        spec.Default("preemptionPolicy", found.Text("preemptionPolicy") is { Length: > 0 } policy ? policy : "PreemptLowerPriority");
        return default;
    }
}
