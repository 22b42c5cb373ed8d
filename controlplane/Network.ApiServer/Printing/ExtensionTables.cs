using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Tables of what extends or guards the API: admission, aggregated groups, flow control, component health.</summary>
internal static class ExtensionTables
{
    public static TablePrinter Webhooks { get; } = new(
        ["Name", "Webhooks#", "Age"], (o, now) => [Cells.Name(o), o.Items("webhooks").Count(), Cells.Age(o, now)]);

    public static TablePrinter ValidatingPolicies { get; } = new(
        ["Name", "Validations#", "ParamKind", "Age"],
        (o, now) => [Cells.Name(o), o.Items("spec", "validations").Count(), ParamKind(o), Cells.Age(o, now)]);

    public static TablePrinter MutatingPolicies { get; } = new(
        ["Name", "Mutations#", "ParamKind", "Age"],
        (o, now) => [Cells.Name(o), o.Items("spec", "mutations").Count(), ParamKind(o), Cells.Age(o, now)]);

    public static TablePrinter PolicyBindings { get; } = new(
        ["Name", "PolicyName", "ParamRef", "Age"],
        (o, now) => [Cells.Name(o), o.Text("spec", "policyName"), ParamRef(o.At("spec", "paramRef")), Cells.Age(o, now)]);

    public static TablePrinter Services { get; } = new(
        ["Name", "Service", "Available", "Age"],
        (o, now) => [Cells.Name(o), Backend(o.At("spec", "service")), Available(o), Cells.Age(o, now)]);

    public static TablePrinter FlowSchemas { get; } = new(
        ["Name", "PriorityLevel", "MatchingPrecedence#", "DistinguisherMethod", "Age", "MissingPL"],
        (o, now) =>
        [
            Cells.Name(o), o.Text("spec", "priorityLevelConfiguration", "name"), o.Number("spec", "matchingPrecedence"),
            Cells.OrNone(o.Text("spec", "distinguisherMethod", "type")), Cells.Age(o, now), Dangling(o),
        ]);

    public static TablePrinter PriorityLevels { get; } = new(
        ["Name", "Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit", "Age"],
        (o, now) =>
        [
            Cells.Name(o), o.Text("spec", "type"), Cells.OrNone(Shares(o)), Queuing(o, "queues"), Queuing(o, "handSize"), Queuing(o, "queueLengthLimit"), Cells.Age(o, now),
        ]);

    public static TablePrinter Components { get; } = new(
        ["Name", "Status", "Message", "Error"],
        (o, _) =>
        {
            var healthy = o.Items("conditions").FirstOrDefault(c => c.Text("type") == "Healthy");
            var status = healthy.ValueKind != JsonValueKind.Object ? "Unknown" : healthy.Text("status") == "True" ? "Healthy" : "Unhealthy";
            return [Cells.Name(o), status, healthy.Text("message"), healthy.Text("error")];
        });

    private static string ParamKind(JsonElement policy) => policy.Text("spec", "paramKind", "kind") is { Length: > 0 } kind
        ? $"{policy.Text("spec", "paramKind", "apiVersion")}/{kind}" : "<unset>";

    private static string ParamRef(JsonElement reference)
    {
        if (reference.ValueKind != JsonValueKind.Object)
            return "<unset>";
        var ns = reference.Text("namespace");
        return reference.Text("name") is { Length: > 0 } name ? ns.Length > 0 ? $"{ns}/{name}" : name : ns.Length > 0 ? ns + "/*" : "*/*";
    }

    private static string Backend(JsonElement service) =>
        service.ValueKind == JsonValueKind.Object ? $"{service.Text("namespace")}/{service.Text("name")}" : "Local";

    private static string Available(JsonElement value)
    {
        var available = value.Items("status", "conditions").FirstOrDefault(c => c.Text("type") == "Available");
        if (available.ValueKind != JsonValueKind.Object)
            return "Unknown";
        return available.Text("status") == "True" ? "True" : $"{available.Text("status")} ({available.Text("reason")})";
    }

    private static string Dangling(JsonElement value) =>
        value.Items("status", "conditions").FirstOrDefault(c => c.Text("type") == "Dangling").Text("status") is { Length: > 0 } status ? status : "?";

    private static string Shares(JsonElement level) =>
        level.Text("spec", "limited", "nominalConcurrencyShares") is { Length: > 0 } limited ? limited : level.Text("spec", "exempt", "nominalConcurrencyShares");

    private static string Queuing(JsonElement level, string field) => Cells.OrNone(level.Text("spec", "limited", "limitResponse", "queuing", field));
}
