using System.Collections.Concurrent;

namespace Network.Api.Schema;

/// <summary>
/// The one table that drives protobuf decoding, strict validation, patch keys, list types and OpenAPI. Each group is an embedded text, read when the
/// first of its messages is asked for, so that an idle server keeps only what it serves.
/// </summary>
public static class ApiSchema
{
    private static readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, MessageType>> s_groups = new(StringComparer.Ordinal);

    /// <summary>Schema groups whose text ships with the product, for documents that walk all of them.</summary>
    public static IEnumerable<string> Groups =>
        typeof(ApiSchema).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith("schema/", StringComparison.Ordinal)).Select(n => n["schema/".Length..]).Order(StringComparer.Ordinal);

    /// <summary>The message with this short name (<c>core.v1.Pod</c>).</summary>
    public static MessageType Get(string name) =>
        Find(name) ?? throw new ArgumentException($"the schema has no message {name}", nameof(name));

    public static MessageType? Find(string name)
    {
        var last = name.LastIndexOf('.');
        return last < 0 ? null : Messages(name[..last]).GetValueOrDefault(name);
    }

    /// <summary>All messages of one schema group (<c>apps.v1</c>); empty for an unknown group.</summary>
    public static IReadOnlyDictionary<string, MessageType> Messages(string group) => s_groups.GetOrAdd(group, Load);

    private static IReadOnlyDictionary<string, MessageType> Load(string group)
    {
        using var stream = typeof(ApiSchema).Assembly.GetManifestResourceStream("schema/" + group);
        if (stream is null)
            return new Dictionary<string, MessageType>();
        using var reader = new StreamReader(stream);
        return SchemaText.Parse(reader);
    }
}
