using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.Api.Structural;

namespace Network.ApiServer.CustomResources;

/// <summary>Reads a stored CustomResourceDefinition as the resources it defines.</summary>
internal static class Definition
{
    public const string Finalizer = "customresourcecleanup.apiextensions.k8s.io";
    public const string Group = "apiextensions.k8s.io";

    private static readonly string[] s_statusVerbs = ["get", "patch", "update"];

    public static ResourceInfo Resource { get; } = ResourceCatalog.Get("customresourcedefinitions", Group);

    public static bool IsEstablished(JsonObject definition) => Condition(definition, "Established") is { } found && found.Text("status") == "True";

    public static JsonObject? Condition(JsonObject definition, string type) =>
        definition.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);

    /// <summary>One resource a served version.</summary>
    public static IEnumerable<ResourceInfo> ResourcesOf(JsonObject definition)
    {
        var versions = definition.Items("spec", "versions").ToList();
        var storage = versions.FirstOrDefault(version => version.Flag("storage") == true).Text("name");
        foreach (var version in versions.Where(version => version.Flag("served") == true))
            yield return ResourceOf(definition, version, versions.Count > 1 ? storage : "");
    }

    private static ResourceInfo ResourceOf(JsonObject definition, JsonObject version, string storage)
    {
        var spec = definition["spec"];
        var (group, kind, plural) = (spec.Text("group"), spec.Text("names", "kind"), spec.Text("names", "plural"));
        var traits = ResourceTraits.Generation | ResourceTraits.ReturnsDeleted;
        if (spec.Text("scope") == "Namespaced")
            traits |= ResourceTraits.Namespaced;
        if (version.At("subresources", "status") is not null)
            traits |= ResourceTraits.Status;
        var scale = version.At("subresources", "scale");
        var schema = StructuralSchema.Parse(version.At("schema", "openAPIV3Schema") as JsonObject ?? []);
        var apiVersion = $"{group}/{version.Text("name")}";
        return new ResourceInfo(group, version.Text("name"), kind, plural, "", traits)
        {
            Singular = spec.Text("names", "singular"), ListKind = spec.Text("names", "listKind"), Protobuf = false,
            ShortNames = [.. spec.Texts("names", "shortNames")], Categories = [.. spec.Texts("names", "categories")],
            CustomSchema = StructuralFields.TypeOf(apiVersion, kind, schema),
            StoredApiVersion = storage.Length > 0 ? $"{group}/{storage}" : "",
            Subresources = [.. Subresources(kind, traits, scale is not null)],
            Columns = version["additionalPrinterColumns"] is JsonArray { Count: > 0 } columns ? [.. columns.OfType<JsonObject>().Select(ColumnOf)] : null,
            Scale = scale is null ? ScalePaths.BuiltIn
                : new ScalePaths(Plain(scale.Text("specReplicasPath")), Plain(scale.Text("statusReplicasPath")), Plain(scale.Text("labelSelectorPath"))),
            SelectableFields = version.Items("selectableFields").Select(field => Plain(field.Text("jsonPath"))).ToDictionary(path => path, path => path),
            DeprecationWarning = version.Flag("deprecated") == true
                ? version.Text("deprecationWarning") is { Length: > 0 } warning ? warning : $"{apiVersion} {kind} is deprecated" : "",
        };
    }

    private static IEnumerable<SubresourceInfo> Subresources(string kind, ResourceTraits traits, bool scales)
    {
        if ((traits & ResourceTraits.Status) != 0)
            yield return new SubresourceInfo("status", kind, s_statusVerbs);
        if (scales)
            yield return new SubresourceInfo("scale", "Scale", s_statusVerbs, "autoscaling", "v1");
    }

    private static CustomColumn ColumnOf(JsonObject column) => new(column.Text("name"), column.Text("type"), column.Text("format"), column.Text("description"),
        (int)(column.Number("priority") ?? 0), column.Text("jsonPath"));

    private static string Plain(string path) => path.TrimStart('.');
}
