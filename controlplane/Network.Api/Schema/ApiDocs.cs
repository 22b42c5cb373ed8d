using System.Security.Cryptography;
using System.Text;

namespace Network.Api.Schema;

/// <summary>
/// Words for kinds and fields, read from the texts under <c>Docs/</c> when a document is built and dropped with it: an idle server keeps none of them. A line is
/// <c>Message.field {Allowed|Values}: text</c>; <c>*.field</c> speaks for every message that has no line of its own.
/// </summary>
public sealed class ApiDocs
{
    private readonly Dictionary<string, Dictionary<string, (string Text, string[] Values)>> _groups = new(StringComparer.Ordinal);

    /// <summary>The words for a message or field by full name (<c>core.v1.Pod.spec</c> or <c>core.v1.Pod</c>).</summary>
    public string? Of(string name)
    {
        var parts = name.Split('.', 3);
        return Group($"{parts[0]}.{parts[1]}").TryGetValue(parts[2], out var entry) ? entry.Text : null;
    }

    public string? Of(MessageType type) => Of(type.Name);

    public string? Of(MessageType owner, Field field) => Find(owner, field).Text;

    /// <summary>The values a text field allows; empty when any.</summary>
    public IReadOnlyList<string> EnumOf(MessageType owner, Field field) => Find(owner, field).Values ?? [];

    /// <summary>A number that changes whenever the schema or its words change.</summary>
    public static string Fingerprint(string seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(seed));
        foreach (var name in typeof(ApiDocs).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            using var stream = typeof(ApiDocs).Assembly.GetManifestResourceStream(name)!;
            var buffer = new byte[16 * 1024];
            while (stream.Read(buffer) is > 0 and var count)
                hash.AppendData(buffer.AsSpan(0, count));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private (string? Text, string[]? Values) Find(MessageType owner, Field field)
    {
        var last = owner.Name.LastIndexOf('.');
        var own = Group(owner.Name[..last]);
        return own.TryGetValue($"{owner.TypeName}.{field.Name}", out var entry) || Group("meta.v1").TryGetValue("*." + field.Name, out entry) ? entry : default;
    }

    private Dictionary<string, (string Text, string[] Values)> Group(string name)
    {
        if (!_groups.TryGetValue(name, out var group))
            _groups[name] = group = Load(name);
        return group;
    }

    private static Dictionary<string, (string Text, string[] Values)> Load(string group)
    {
        var entries = new Dictionary<string, (string, string[])>(StringComparer.Ordinal);
        using var stream = typeof(ApiDocs).Assembly.GetManifestResourceStream("docs/" + group);
        if (stream is null)
            return entries;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            if (colon < 0)
                continue;
            var head = line[..colon].Split(' ', 2);
            string[] values = head.Length > 1 ? head[1].Trim('{', '}').Split('|') : [];
            entries[head[0]] = (line[(colon + 2)..], values);
        }

        return entries;
    }
}
