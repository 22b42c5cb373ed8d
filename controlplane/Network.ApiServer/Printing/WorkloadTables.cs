using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Tables of what runs pods.</summary>
internal static class WorkloadTables
{
    public static TablePrinter Deployments { get; } = new(
        ["Name", "Ready", "Up-to-date#", "Available#", "Age", "‹Containers", "‹Images", "‹Selector"],
        (o, now) =>
        [
            Cells.Name(o), $"{o.Number("status", "readyReplicas")}/{o.Number("spec", "replicas")}", o.Number("status", "updatedReplicas"),
            o.Number("status", "availableReplicas"), Cells.Age(o, now), .. Template(o), Cells.Selector(o.At("spec", "selector")),
        ]);

    public static TablePrinter ReplicaSets { get; } = new(
        ["Name", "Desired#", "Current#", "Ready#", "Age", "‹Containers", "‹Images", "‹Selector"],
        (o, now) =>
        [
            Cells.Name(o), o.Number("spec", "replicas"), o.Number("status", "replicas"), o.Number("status", "readyReplicas"), Cells.Age(o, now),
            .. Template(o), o.Text("kind") == "ReplicaSet" ? Cells.Selector(o.At("spec", "selector")) : Cells.Labels(o.At("spec", "selector")),
        ]);

    public static TablePrinter DaemonSets { get; } = new(
        ["Name", "Desired#", "Current#", "Ready#", "Up-to-date#", "Available#", "Node Selector", "Age", "‹Containers", "‹Images", "‹Selector"],
        (o, now) =>
        [
            Cells.Name(o), o.Number("status", "desiredNumberScheduled"), o.Number("status", "currentNumberScheduled"), o.Number("status", "numberReady"),
            o.Number("status", "updatedNumberScheduled"), o.Number("status", "numberAvailable"),
            Cells.Labels(o.At("spec", "template", "spec", "nodeSelector")), Cells.Age(o, now), .. Template(o), Cells.Selector(o.At("spec", "selector")),
        ]);

    public static TablePrinter StatefulSets { get; } = new(
        ["Name", "Ready", "Age", "‹Containers", "‹Images"],
        (o, now) => [Cells.Name(o), $"{o.Number("status", "readyReplicas")}/{o.Number("spec", "replicas")}", Cells.Age(o, now), .. Template(o)]);

    public static TablePrinter Jobs { get; } = new(
        ["Name", "Status", "Completions", "Duration", "Age", "‹Containers", "‹Images", "‹Selector"],
        (o, now) =>
        [
            Cells.Name(o), JobStatus(o), Completions(o), JobDuration(o, now), Cells.Age(o, now), .. Template(o), Cells.Selector(o.At("spec", "selector")),
        ]);

    public static TablePrinter CronJobs { get; } = new(
        ["Name", "Schedule", "Timezone", "Suspend", "Active#", "Last Schedule", "Age", "‹Containers", "‹Images", "‹Selector"],
        (o, now) =>
        [
            Cells.Name(o), o.Text("spec", "schedule"), Cells.OrNone(o.Text("spec", "timeZone")), o.Flag("spec", "suspend") ? "True" : "False",
            o.Items("status", "active").Count(), o.Text("status", "lastScheduleTime") is { Length: > 0 } last ? Cells.Since(last, now) : Cells.None,
            Cells.Age(o, now), .. Template(o.At("spec", "jobTemplate")), Cells.Selector(o.At("spec", "jobTemplate", "spec", "selector")),
        ]);

    public static TablePrinter PodTemplates { get; } = new(
        ["Name", "Containers", "Images", "Pod Labels"],
        (o, _) => [Cells.Name(o), .. Template(o), Cells.Labels(o.At("template", "metadata", "labels"))]);

    public static TablePrinter ControllerRevisions { get; } = new(
        ["Name", "Controller", "Revision#", "Age"],
        (o, now) => [Cells.Name(o), Controller(o), o.Number("revision"), Cells.Age(o, now)]);

    public static TablePrinter DisruptionBudgets { get; } = new(
        ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions#", "Age"],
        (o, now) =>
        [
            Cells.Name(o), OrNotAvailable(o, "minAvailable"), OrNotAvailable(o, "maxUnavailable"), o.Number("status", "disruptionsAllowed"), Cells.Age(o, now),
        ]);

    public static TablePrinter Autoscalers { get; } = new(
        ["Name", "Reference", "Targets", "MinPods", "MaxPods#", "Replicas#", "Age"],
        (o, now) =>
        [
            Cells.Name(o), $"{o.Text("spec", "scaleTargetRef", "kind")}/{o.Text("spec", "scaleTargetRef", "name")}", Targets(o),
            o.Text("spec", "minReplicas") is { Length: > 0 } min ? min : "<unset>", o.Number("spec", "maxReplicas"), o.Number("status", "currentReplicas"),
            Cells.Age(o, now),
        ]);

    private static IEnumerable<JsonNode?> Template(JsonElement owner)
    {
        var (names, images) = Cells.Containers(owner.At("spec", "template"));
        return [names, images];
    }

    private static string JobStatus(JsonElement job)
    {
        foreach (var (condition, text) in (ReadOnlySpan<(string, string)>)[("Complete", "Complete"), ("Failed", "Failed")])
        {
            if (HasTrue(job, condition))
                return text;
        }

        if (job.Text("metadata", "deletionTimestamp").Length > 0)
            return "Terminating";
        if (HasTrue(job, "Suspended"))
            return "Suspended";
        if (HasTrue(job, "FailureTarget"))
            return "FailureTarget";
        return HasTrue(job, "SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
    }

    private static bool HasTrue(JsonElement value, string type) =>
        value.Items("status", "conditions").Any(c => c.Text("type") == type && c.Text("status") == "True");

    private static string Completions(JsonElement job)
    {
        var succeeded = job.Number("status", "succeeded");
        if (job.At("spec", "completions").ValueKind == JsonValueKind.Number)
            return $"{succeeded}/{job.Number("spec", "completions")}";
        var parallelism = job.Number("spec", "parallelism");
        return parallelism > 1 ? $"{succeeded}/1 of {parallelism}" : $"{succeeded}/1";
    }

    private static string JobDuration(JsonElement job, DateTimeOffset now)
    {
        if (WireTime.Parse(job.Text("status", "startTime")) is not { } start)
            return "";
        return Cells.HumanDuration((WireTime.Parse(job.Text("status", "completionTime")) ?? now) - start);
    }

    private static string Controller(JsonElement value)
    {
        var owner = value.Items("metadata", "ownerReferences").FirstOrDefault(r => r.Flag("controller"));
        if (owner.ValueKind != JsonValueKind.Object)
            return Cells.None;
        var version = owner.Text("apiVersion");
        var group = version.Contains('/') ? "." + version[..version.IndexOf('/')] : "";
        return $"{owner.Text("kind").ToLowerInvariant()}{group}/{owner.Text("name")}";
    }

    private static string OrNotAvailable(JsonElement budget, string field) => budget.Text("spec", field) is { Length: > 0 } text ? text : "N/A";

    private static string Targets(JsonElement scaler)
    {
        var metrics = scaler.Items("spec", "metrics").ToList();
        if (metrics.Count == 0)
            return Cells.None;
        var texts = metrics.Select(m => m.Text("resource", "target", "averageUtilization") is { Length: > 0 } wanted
            ? $"{m.Text("resource", "name")}: {Current(scaler, m.Text("resource", "name"))}/{wanted}%" : Cells.Unknown);
        return string.Join(", ", texts);
    }

    private static string Current(JsonElement scaler, string resource)
    {
        var metric = scaler.Items("status", "currentMetrics").FirstOrDefault(m => m.Text("resource", "name") == resource);
        return metric.Text("resource", "current", "averageUtilization") is { Length: > 0 } text ? text + "%" : Cells.Unknown;
    }
}
