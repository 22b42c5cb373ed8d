using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Tables of configuration, identity and storage kinds.</summary>
internal static class ConfigTables
{
    public static TablePrinter Namespaces { get; } = new(
        ["Name", "Status", "Age"], (o, now) => [Cells.Name(o), o.Text("status", "phase"), Cells.Age(o, now)]);

    public static TablePrinter ConfigMaps { get; } = new(
        ["Name", "Data#", "Age"],
        (o, now) => [Cells.Name(o), o.Members("data").Count() + o.Members("binaryData").Count(), Cells.Age(o, now)]);

    public static TablePrinter Secrets { get; } = new(
        ["Name", "Type", "Data#", "Age"], (o, now) => [Cells.Name(o), o.Text("type"), o.Members("data").Count(), Cells.Age(o, now)]);

    public static TablePrinter ServiceAccounts { get; } = new(["Name", "Age"], (o, now) => [Cells.Name(o), Cells.Age(o, now)]);

    public static TablePrinter Leases { get; } = new(
        ["Name", "Holder", "Age"], (o, now) => [Cells.Name(o), o.Text("spec", "holderIdentity"), Cells.Age(o, now)]);

    public static TablePrinter PriorityClasses { get; } = new(
        ["Name", "Value#", new Column("Global-Default", "boolean"), "Age", "PreemptionPolicy"],
        (o, now) => [Cells.Name(o), o.Number("value"), o.Flag("globalDefault"), Cells.Age(o, now), o.Text("preemptionPolicy")]);

    public static TablePrinter StorageClasses { get; } = new(
        ["Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"],
        (o, now) =>
        [
            Cells.Name(o) + (o.Text("metadata", "annotations", "storageclass.kubernetes.io/is-default-class") == "true" ? " (default)" : ""),
            o.Text("provisioner"), OrUnset(o.Text("reclaimPolicy"), "Delete"), OrUnset(o.Text("volumeBindingMode"), "Immediate"),
            o.Flag("allowVolumeExpansion") ? "true" : "false", Cells.Age(o, now),
        ]);

    public static TablePrinter PersistentVolumes { get; } = new(
        ["Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass", "VolumeAttributesClass", "Reason", "Age", "‹VolumeMode"],
        (o, now) =>
        [
            Cells.Name(o), o.Text("spec", "capacity", "storage"), AccessModes(o.At("spec", "accessModes")), o.Text("spec", "persistentVolumeReclaimPolicy"),
            Status(o), Claim(o), o.Text("spec", "storageClassName"), OrUnset(o.Text("spec", "volumeAttributesClassName"), "<unset>"),
            o.Text("status", "reason"), Cells.Age(o, now), OrUnset(o.Text("spec", "volumeMode"), "<unset>"),
        ]);

    public static TablePrinter PersistentVolumeClaims { get; } = new(
        ["Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass", "Age", "‹VolumeMode"],
        (o, now) =>
        [
            Cells.Name(o), Status(o), o.Text("spec", "volumeName"), o.Text("status", "capacity", "storage"),
            AccessModes(o.At("status", "accessModes")), o.Text("spec", "storageClassName"), OrUnset(o.Text("spec", "volumeAttributesClassName"), "<unset>"),
            Cells.Age(o, now), OrUnset(o.Text("spec", "volumeMode"), "<unset>"),
        ]);

    public static TablePrinter ResourceQuotas { get; } = new(
        ["Name", "Request", "Limit", "Age"],
        (o, now) => [Cells.Name(o), Quota(o, false), Quota(o, true), Cells.Age(o, now)]);

    public static TablePrinter RoleBindings { get; } = new(
        ["Name", "Role", "Age", "‹Users", "‹Groups", "‹ServiceAccounts"],
        (o, now) =>
        [
            Cells.Name(o), $"{o.Text("roleRef", "kind")}/{o.Text("roleRef", "name")}", Cells.Age(o, now),
            Subjects(o, "User"), Subjects(o, "Group"), Subjects(o, "ServiceAccount"),
        ]);

    public static TablePrinter SigningRequests { get; } = new(
        ["Name", "Age", "SignerName", "Requestor", "RequestedDuration", "Condition"],
        (o, now) =>
        [
            Cells.Name(o), Cells.Age(o, now), o.Text("spec", "signerName"), o.Text("spec", "username"),
            o.At("spec", "expirationSeconds").ValueKind == JsonValueKind.Number ? Cells.HumanDuration(TimeSpan.FromSeconds(o.Number("spec", "expirationSeconds"))) : Cells.None,
            Condition(o),
        ]);

    private static string OrUnset(string text, string unset) => text.Length > 0 ? text : unset;

    private static string Status(JsonElement value) =>
        value.Text("metadata", "deletionTimestamp").Length > 0 ? "Terminating" : value.Text("status", "phase");

    private static string Claim(JsonElement volume) => volume.Text("spec", "claimRef", "name") is { Length: > 0 } name
        ? $"{volume.Text("spec", "claimRef", "namespace")}/{name}" : "";

    private static string AccessModes(JsonElement modes) => modes.ValueKind != JsonValueKind.Array ? "" : string.Join(',',
        modes.EnumerateArray().Select(m => m.GetString() switch
        {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            _ => "RWOP",
        }));

    private static string Quota(JsonElement quota, bool limits) => string.Join(", ", quota.Members("status", "hard")
        .Where(h => h.Name.StartsWith("limits", StringComparison.Ordinal) == limits)
        .OrderBy(h => h.Name, StringComparer.Ordinal)
        .Select(h => $"{h.Name}: {quota.Text("status", "used", h.Name)}/{h.Value.GetString()}"));

    private static string Subjects(JsonElement binding, string kind) => string.Join(", ", binding.Items("subjects")
        .Where(s => s.Text("kind") == kind)
        .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name")));

    private static string Condition(JsonElement request)
    {
        var types = request.Items("status", "conditions").Select(c => c.Text("type")).ToList();
        var text = types.Contains("Denied") ? "Denied" : types.Contains("Approved") ? "Approved" : "Pending";
        if (types.Contains("Failed"))
            text += ",Failed";
        return request.Text("status", "certificate").Length > 0 ? text + ",Issued" : text;
    }
}
