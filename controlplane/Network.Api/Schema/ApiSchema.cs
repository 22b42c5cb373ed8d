using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace Network.Api.Schema;

/// <summary>
/// The one table that drives protobuf decoding, strict validation, patch keys, list types and OpenAPI. Each group is an embedded text, read when the
/// first of its messages is asked for, so that an idle server keeps only what it serves.
/// </summary>
public static class ApiSchema
{
    private static readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, MessageType>> s_groups = new(StringComparer.Ordinal);

    /// <summary>Schema groups whose text ships with the product, for documents that walk all of them.</summary>
    public static IReadOnlySet<string> Groups { get; } = typeof(ApiSchema).Assembly.GetManifestResourceNames()
        .Where(n => n.StartsWith("schema/", StringComparison.Ordinal)).Select(n => n["schema/".Length..]).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The message with this short name (<c>core.v1.Pod</c>).</summary>
    public static MessageType Get(string name) =>
        Find(name) ?? throw new ArgumentException($"the schema has no message {name}", nameof(name));

    public static MessageType? Find(string name)
    {
        var last = name.LastIndexOf('.');
        return last < 0 ? null : Messages(name[..last]).GetValueOrDefault(name);
    }

    /// <summary>The message of a kind, known by what stands in objects; null when the schema has no such kind.</summary>
    public static MessageType? FindKind(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/');
        if (slash < 0)
            return Kind($"core.{apiVersion}.{kind}") ?? Kind($"meta.{apiVersion}.{kind}");
        var group = apiVersion[..slash];
        var package = group == "internal.apiserver.k8s.io" ? "apiserverinternal" : group.Split('.')[0];
        return Kind($"{package}.{apiVersion[(slash + 1)..]}.{kind}");

        MessageType? Kind(string name) => Find(name) is { } type && type.ApiVersion == apiVersion && type.Kind == kind ? type : null;
    }

    /// <summary>All messages of one schema group (<c>apps.v1</c>); empty for an unknown group.</summary>
    // Names come from clients too, so only what ships is kept.
    public static IReadOnlyDictionary<string, MessageType> Messages(string group) =>
        Groups.Contains(group) ? s_groups.GetOrAdd(group, Load) : FrozenDictionary<string, MessageType>.Empty;

    private static IReadOnlyDictionary<string, MessageType> Load(string group)
    {
        using var stream = typeof(ApiSchema).Assembly.GetManifestResourceStream("schema/" + group)!;
        using var reader = new StreamReader(stream);
        return SchemaText.Parse(reader);
    }
}
