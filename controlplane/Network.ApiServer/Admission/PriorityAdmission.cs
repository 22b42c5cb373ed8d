using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;

namespace Network.ApiServer.Admission;

/// <summary>Resolves priorityClassName to a number, finds the default class, and keeps it the only one.</summary>
internal sealed class PriorityAdmission(ObjectRegistry registry) : IAdmission
{
    private const string Group = "scheduling.k8s.io";
    private static readonly ResourceInfo s_classes = ResourceCatalog.Get("priorityclasses", Group);

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation == AdmissionOperation.Create && request.IsFor("pods"))
            Resolve(request);
        else if (request.Operation != AdmissionOperation.Delete && request.IsFor("priorityclasses", Group) && request.Value.Flag("globalDefault") == true)
            CheckDefault(request);
        return default;
    }

    private void CheckDefault(AdmissionRequest request)
    {
        var other = registry.FindAll(s_classes).FirstOrDefault(c => c.Flag("globalDefault") == true && c.Text("metadata", "name") != request.Name);
        if (other is not null)
        {
            throw Refusal.Forbidden("priorityclasses", Group, request.Name,
                $"PriorityClass {other.Text("metadata", "name")} is already marked as default. Only one default can exist");
        }
    }

    private void Resolve(AdmissionRequest request)
    {
        var spec = request.Value.Child("spec");
        var name = spec.Text("priorityClassName");
        var found = name.Length > 0
            ? registry.Find(s_classes, "", name) ?? throw Refusal.Forbidden("pods", "", request.Name, $"no PriorityClass with name {name} was found")
            : GlobalDefault();
        if (found is not null)
            spec["priorityClassName"] = found.Text("metadata", "name");
        var priority = found.Number("value") ?? 0;
        if (spec.Number("priority") is { } given && given != priority)
        {
            throw Refusal.Forbidden("pods", "", request.Name,
                $"the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {priority} from the given PriorityClass name");
        }

        var policy = found.Text("preemptionPolicy") is { Length: > 0 } stated ? stated : "PreemptLowerPriority";
        if (spec.Text("preemptionPolicy") is { Length: > 0 } chosen && chosen != policy)
        {
            throw Refusal.Forbidden("pods", "", request.Name,
                $"the string value of PreemptionPolicy ({chosen}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name");
        }

        spec["priority"] = priority;
        spec["preemptionPolicy"] = policy;
    }

    // Stored bytes have one spelling, so the classes that are no default, usually all, need no parsing for every pod.
    private JsonObject? GlobalDefault() => registry.Store.List(s_classes.StoragePrefix).Entries
        .Where(entry => entry.Value.Span.IndexOf("\"globalDefault\":true"u8) >= 0)
        .Select(entry => ObjectBytes.Decode(s_classes, entry))
        .FirstOrDefault(value => value.Flag("globalDefault") == true);
}
