namespace Network.Api.Schema;

/// <summary>Reads the schema text: a message line, then one indented line a field (see README.md in this folder).</summary>
internal static class SchemaText
{
    public static IReadOnlyDictionary<string, MessageType> Parse(TextReader reader)
    {
        var messages = new Dictionary<string, MessageType>(StringComparer.Ordinal);
        string? head = null;
        var fields = new List<Field>();
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            if (line.StartsWith(' '))
            {
                fields.Add(ParseField(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
                continue;
            }

            Close();
            head = line;
        }

        Close();
        return messages;

        void Close()
        {
            if (head is null)
                return;
            var words = head.Split(' ');
            var kind = words.Length > 2 && words[1] == "=" ? words[2] : null;
            messages[words[0]] = new MessageType(words[0], kind, words[^1] == "atomic", [.. fields]);
            fields.Clear();
        }
    }

    private static Field ParseField(string[] words)
    {
        var type = words[2].AsSpan();
        var shape = FieldShape.Single;
        if (type.StartsWith("{}[]"))
            shape = FieldShape.MapOfLists;
        else if (type.StartsWith("{}"))
            shape = FieldShape.Map;
        else if (type.StartsWith("[]"))
            shape = FieldShape.List;

        type = type.TrimStart("{}[]");
        var flags = FieldFlags.None;
        string? mergeKey = null;
        string[] listKeys = [];
        foreach (var word in words.AsSpan(3))
        {
            flags |= FlagOf(word);
            if (word.StartsWith("key=", StringComparison.Ordinal))
                mergeKey = string.Intern(word[4..]);
            else if (word.StartsWith("list=map:", StringComparison.Ordinal))
                listKeys = word["list=map:".Length..].Split(',');
        }

        var message = type[0] is '@' or '|' ? string.Intern(type[1..].ToString()) : null;
        var kind = message is null ? TypeOf(type) : type[0] == '@' ? FieldType.Message : FieldType.Union;
        return new Field(int.Parse(words[0]), string.Intern(words[1]), kind, shape, flags, message)
        {
            MergeKey = mergeKey,
            ListKeys = listKeys,
        };
    }

    private static FieldFlags FlagOf(string word) => word switch
    {
        "inline" => FieldFlags.Inline,
        "req" => FieldFlags.Required,
        "ptr" => FieldFlags.KeepsZero,
        "patch=merge" => FieldFlags.PatchMerge,
        "patch=retainKeys" => FieldFlags.RetainKeys,
        "patch=merge,retainKeys" => FieldFlags.PatchMerge | FieldFlags.RetainKeys,
        "list=atomic" or "map=atomic" => FieldFlags.Atomic,
        "list=set" => FieldFlags.Set,
        _ => FieldFlags.None,
    };

    private static FieldType TypeOf(ReadOnlySpan<char> type) => type switch
    {
        "string" => FieldType.String,
        "bool" => FieldType.Bool,
        "int32" => FieldType.Int32,
        "int64" => FieldType.Int64,
        "double" => FieldType.Double,
        "bytes" => FieldType.Bytes,
        "time" => FieldType.Time,
        "microtime" => FieldType.MicroTime,
        "fields" => FieldType.Fields,
        "raw" => FieldType.Raw,
        "intstr" => FieldType.IntOrString,
        "quantity" => FieldType.Quantity,
        _ => throw new FormatException($"schema: unknown field type {type}"),
    };
}
