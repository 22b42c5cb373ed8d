using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Tables of storage drivers and of the address objects of networking.</summary>
internal static class StorageTables
{
    private const string Unset = "<unset>";

    public static TablePrinter Drivers { get; } = new(
        ["Name", new Column("AttachRequired", "boolean"), new Column("PodInfoOnMount", "boolean"), new Column("StorageCapacity", "boolean"), "TokenRequests",
            new Column("RequiresRepublish", "boolean"), "Modes", "Age"],
        (o, now) =>
        [
            Cells.Name(o), FlagOr(o, "attachRequired", true), FlagOr(o, "podInfoOnMount", false), FlagOr(o, "storageCapacity", false),
            Join(o.Items("spec", "tokenRequests").Select(t => t.Text("audience")), Unset), FlagOr(o, "requiresRepublish", false),
            Join(o.Items("spec", "volumeLifecycleModes").Select(m => m.GetString()!), "Persistent"), Cells.Age(o, now),
        ]);

    public static TablePrinter Nodes { get; } = new(
        ["Name", "Drivers#", "Age"], (o, now) => [Cells.Name(o), o.Items("spec", "drivers").Count(), Cells.Age(o, now)]);

    public static TablePrinter Capacities { get; } = new(
        ["Name", "StorageClassName", "Capacity"],
        (o, _) => [Cells.Name(o), o.Text("storageClassName"), o.Text("capacity") is { Length: > 0 } capacity ? capacity : Unset]);

    public static TablePrinter Attachments { get; } = new(
        ["Name", "Attacher", "PV", "Node", new Column("Attached", "boolean"), "Age"],
        (o, now) =>
        [
            Cells.Name(o), o.Text("spec", "attacher"), o.Text("spec", "source", "persistentVolumeName"), o.Text("spec", "nodeName"),
            o.Flag("status", "attached"), Cells.Age(o, now),
        ]);

    public static TablePrinter AttributesClasses { get; } = new(
        ["Name", "DriverName", "Age"], (o, now) => [Cells.Name(o), o.Text("driverName"), Cells.Age(o, now)]);

    public static TablePrinter RuntimeClasses { get; } = new(
        ["Name", "Handler", "Age"], (o, now) => [Cells.Name(o), o.Text("handler"), Cells.Age(o, now)]);

    public static TablePrinter ServiceRanges { get; } = new(
        ["Name", "CIDRs", "Age"], (o, now) => [Cells.Name(o), Join(o.Items("spec", "cidrs").Select(c => c.GetString()!), ""), Cells.Age(o, now)]);

    public static TablePrinter Addresses { get; } = new(["Name", "ParentRef"], (o, _) => [Cells.Name(o), Parent(o.At("spec", "parentRef"))]);

    private static JsonNode FlagOr(JsonElement driver, string field, bool unset) =>
        driver.At("spec", field).ValueKind is JsonValueKind.True or JsonValueKind.False ? driver.Flag("spec", field) : unset;

    private static string Join(IEnumerable<string> texts, string empty) => string.Join(',', texts) is { Length: > 0 } joined ? joined : empty;

    // resource[.group]/[namespace/]name
    private static string Parent(JsonElement reference)
    {
        var (resource, group, ns) = (reference.Text("resource"), reference.Text("group"), reference.Text("namespace"));
        return $"{resource}{(group.Length > 0 ? "." + group : "")}/{(ns.Length > 0 ? ns + "/" : "")}{reference.Text("name")}";
    }
}
