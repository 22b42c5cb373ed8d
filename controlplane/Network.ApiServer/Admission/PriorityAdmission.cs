using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;

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
            : GlobalDefault();
        if (found is not null)
            spec["priorityClassName"] = found.Text("metadata", "name");
        spec["priority"] = found.Number("value") ?? 0;
        spec.Default("preemptionPolicy", found.Text("preemptionPolicy") is { Length: > 0 } policy ? policy : "PreemptLowerPriority");
        return default;
    }

    // Stored bytes have one spelling, so the classes that are no default, usually all, need no parsing for every pod.
    private JsonObject? GlobalDefault() => registry.Store.List(s_classes.StoragePrefix).Entries
        .Where(entry => entry.Value.Span.IndexOf("\"globalDefault\":true"u8) >= 0)
        .Select(entry => ObjectBytes.Decode(s_classes, entry))
        .FirstOrDefault(value => value.Flag("globalDefault") == true);
}
