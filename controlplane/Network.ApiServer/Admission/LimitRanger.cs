using System.Globalization;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Quantities;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>Completes requests and limits from the namespace's limit ranges and refuses what lies outside of them (plugin/pkg/admission/limitranger).</summary>
internal sealed class LimitRanger(ObjectRegistry registry) : IAdmission
{
    private static readonly ResourceInfo s_ranges = ResourceCatalog.Get("limitranges");

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        var pod = request.Operation == AdmissionOperation.Create && request.IsFor("pods");
        var claim = request.Operation != AdmissionOperation.Delete && request.IsFor("persistentvolumeclaims");
        if (!pod && !claim)
            return default;
        var faults = new List<string>();
        foreach (var range in registry.FindAll(s_ranges, request.Context.Namespace))
        {
            var items = range.Items("spec", "limits").ToList();
            if (pod)
                Complete(request.Value, items.Where(i => i.Text("type") == "Container"));
            foreach (var item in items)
                Check(request.Value, item, pod, faults);
        }

        if (faults.Count > 0)
            throw Refusal.Forbidden(request.Context.Resource.Plural, "", request.Name, faults.Count == 1 ? faults[0] : $"[{string.Join(", ", faults)}]");
        return default;
    }

    private static void Complete(JsonObject pod, IEnumerable<JsonObject> items)
    {
        var notes = new List<string>();
        foreach (var item in items)
        {
            foreach (var list in (string[])["containers", "initContainers"])
            {
                foreach (var container in pod.Items("spec", list))
                {
                    var name = $"{(list == "containers" ? "container" : "init container")} {container.Text("name")}";
                    Fill(container, item, ("requests", "defaultRequest"), $"request for {name}", notes);
                    Fill(container, item, ("limits", "default"), $"limit for {name}", notes);
                }
            }
        }

        if (notes.Count > 0)
            pod.Child("metadata").Child("annotations")["kubernetes.io/limit-ranger"] = "LimitRanger plugin set: " + string.Join("; ", notes);
    }

    private static void Fill(JsonObject container, JsonObject item, (string Field, string Source) from, string what, List<string> notes)
    {
        var set = new List<string>();
        foreach (var (name, value) in item[from.Source] as JsonObject ?? [])
        {
            var amounts = container.Child("resources").Child(from.Field);
            if (amounts[name] is not null)
                continue;
            amounts[name] = value?.DeepClone();
            set.Add(name);
        }

        if (set.Count > 0)
            notes.Add($"{string.Join(", ", set.Order(StringComparer.Ordinal))} {what}");
    }

    private static void Check(JsonObject value, JsonObject item, bool pod, List<string> faults)
    {
        switch (item.Text("type"))
        {
            case "Container" when pod:
                foreach (var container in value.Items("spec", "containers").Concat(value.Items("spec", "initContainers")))
                    CheckAmounts(item, new(container.At("resources", "requests"), container.At("resources", "limits")), faults);
                break;
            case "Pod" when pod:
                CheckAmounts(item, new(PodResources.Sum(value["spec"], "requests"), PodResources.Sum(value["spec"], "limits")), faults);
                break;
            case "PersistentVolumeClaim" when !pod:
                CheckAmounts(item, new(value.At("spec", "resources", "requests"), value.At("spec", "resources", "requests")), faults, true);
                break;
        }
    }

    private static void CheckAmounts(JsonObject item, Amounts amounts, List<string> faults, bool onlyRequests = false)
    {
        var type = item.Text("type");
        foreach (var (name, bound) in item["min"] as JsonObject ?? [])
        {
            if (!Quantity.TryParse(bound?.ToString(), out var least))
                continue;
            if (amounts.Request(name) is not { } request)
                faults.Add($"minimum {name} usage per {type} is {least}.  No request is specified");
            else if (request.CompareTo(least) < 0)
                faults.Add($"minimum {name} usage per {type} is {least}, but request is {request}");
            else if (!onlyRequests && amounts.Limit(name) is { } limit && limit.CompareTo(least) < 0)
                faults.Add($"minimum {name} usage per {type} is {least}, but limit is {limit}");
        }

        foreach (var (name, bound) in item["max"] as JsonObject ?? [])
        {
            if (!Quantity.TryParse(bound?.ToString(), out var most))
                continue;
            if (!onlyRequests && amounts.Limit(name) is not { })
                faults.Add($"maximum {name} usage per {type} is {most}.  No limit is specified");
            else if (!onlyRequests && amounts.Limit(name) is { } limit && limit.CompareTo(most) > 0)
                faults.Add($"maximum {name} usage per {type} is {most}, but limit is {limit}");
            else if (amounts.Request(name) is { } request && request.CompareTo(most) > 0)
                faults.Add($"maximum {name} usage per {type} is {most}, but request is {request}");
        }

        foreach (var (name, bound) in item["maxLimitRequestRatio"] as JsonObject ?? [])
            CheckRatio((type, name, bound?.ToString()), amounts, faults);
    }

    private static void CheckRatio((string Type, string Name, string? Bound) rule, Amounts amounts, List<string> faults)
    {
        if (!Quantity.TryParse(rule.Bound, out var most))
            return;
        var text = $"{rule.Name} max limit to request ratio per {rule.Type} is {most}";
        if (amounts.Request(rule.Name) is not { Nanos.IsZero: false } request)
            faults.Add($"{text}, but no request is specified or request is 0");
        else if (amounts.Limit(rule.Name) is not { Nanos.IsZero: false } limit)
            faults.Add($"{text}, but no limit is specified or limit is 0");
        else if (limit.Nanos * 1_000_000_000 > most.Nanos * request.Nanos)
            faults.Add($"{text}, but provided ratio is {((double)limit.Nanos / (double)request.Nanos).ToString("F6", CultureInfo.InvariantCulture)}");
    }

    private readonly record struct Amounts(JsonNode? Requests, JsonNode? Limits)
    {
        public Quantity? Request(string name) => Quantity.TryParse(Requests.Text(name), out var value) ? value : null;

        public Quantity? Limit(string name) => Quantity.TryParse(Limits.Text(name), out var value) ? value : null;
    }
}
