using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>The node table.</summary>
internal static class NodeTable
{
    private const string RolePrefix = "node-role.kubernetes.io/";

    public static TablePrinter Printer { get; } = new(
        ["Name", "Status", "Roles", "Age", "Version", "‹Internal-IP", "‹External-IP", "‹OS-Image", "‹Kernel-Version", "‹Container-Runtime"],
        (node, now) =>
        [
            Cells.Name(node), Status(node), Roles(node), Cells.Age(node, now), node.Text("status", "nodeInfo", "kubeletVersion"),
            Address(node, "InternalIP"), Address(node, "ExternalIP"), OrUnknown(node, "osImage"), Kernel(node), OrUnknown(node, "containerRuntimeVersion"),
        ]);

    private static string Status(JsonElement node)
    {
        var ready = node.Items("status", "conditions").FirstOrDefault(c => c.Text("type") == "Ready");
        var text = ready.ValueKind != JsonValueKind.Object ? "Unknown" : ready.Text("status") == "True" ? "Ready" : "NotReady";
        return node.Flag("spec", "unschedulable") ? text + ",SchedulingDisabled" : text;
    }

    private static string Roles(JsonElement node)
    {
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var label in node.Members("metadata", "labels"))
        {
            if (label.Name.StartsWith(RolePrefix, StringComparison.Ordinal) && label.Name.Length > RolePrefix.Length)
                roles.Add(label.Name[RolePrefix.Length..]);
            else if (label.Name == "kubernetes.io/role" && label.Value.GetString() is { Length: > 0 } role)
                roles.Add(role);
        }

        return roles.Count == 0 ? Cells.None : string.Join(',', roles);
    }

    private static string Address(JsonElement node, string type)
    {
        var address = node.Items("status", "addresses").FirstOrDefault(a => a.Text("type") == type);
        return address.ValueKind == JsonValueKind.Object ? address.Text("address") : Cells.None;
    }

    private static string Kernel(JsonElement node)
    {
        var architecture = node.Text("status", "nodeInfo", "architecture");
        return OrUnknown(node, "kernelVersion") + (architecture.Length == 0 ? "" : $" ({architecture})");
    }

    private static string OrUnknown(JsonElement node, string field) =>
        node.Text("status", "nodeInfo", field) is { Length: > 0 } text ? text : Cells.Unknown;
}
