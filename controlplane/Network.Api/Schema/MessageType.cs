using Network.Api.Structural;

namespace Network.Api.Schema;

/// <summary>One message of the schema. A top-level kind also knows its group, version and kind.</summary>
public sealed class MessageType
{
    private readonly Field[] _wireFields;
    private Dictionary<string, Field>? _byName;

    internal MessageType(string name, string? groupVersionKind, bool atomic, Field[] wireFields)
    {
        Name = name;
        Atomic = atomic;
        _wireFields = wireFields;
        HasInline = Array.Exists(wireFields, f => f.Has(FieldFlags.Inline));
        if (groupVersionKind is null)
            return;
        var last = groupVersionKind.LastIndexOf('/');
        ApiVersion = groupVersionKind[..last];
        Kind = groupVersionKind[(last + 1)..];
    }

    /// <summary>Short name: <c>core.v1.Pod</c>.</summary>
    public string Name { get; }

    /// <summary>The Go struct name, as upstream's messages print it.</summary>
    public string TypeName => Name[(Name.LastIndexOf('.') + 1)..];

    public string? ApiVersion { get; }

    public string? Kind { get; }

    /// <summary>Server-side apply owns the whole struct (selectors, references).</summary>
    public bool Atomic { get; }

    /// <summary>The schema of a custom kind, which decides what is read and kept; null for built-in kinds.</summary>
    public StructuralSchema? Structure { get; internal init; }

    /// <summary>Fields as they stand on the protobuf wire.</summary>
    public IReadOnlyList<Field> WireFields => _wireFields;

    /// <summary>Fields as they appear in JSON, inline messages flattened, in canonical order.</summary>
    public IReadOnlyList<Field> JsonFields => field ??= Flatten();

    /// <summary>Some fields are flat in JSON and nested on the wire.</summary>
    internal bool HasInline { get; }

    public Field? ByNumber(int number) => Array.Find(_wireFields, f => f.Number == number);

    public Field? ByName(string name) => Index().GetValueOrDefault(name);

    /// <summary>The field with this JSON name when it is not part of an inline message.</summary>
    internal Field? OwnField(ReadOnlySpan<char> name)
    {
        var found = Index().GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var field) ? field : null;
        return found is null || !HasInline || Array.IndexOf(_wireFields, found) >= 0 ? found : null;
    }

    private Dictionary<string, Field> Index()
    {
        if (_byName is null)
        {
            var byName = new Dictionary<string, Field>(StringComparer.Ordinal);
            foreach (var field in JsonFields)
                byName.TryAdd(field.Name, field);
            _byName = byName;
        }

        return _byName;
    }

    private Field[] Flatten()
    {
        var flat = new List<Field>(_wireFields.Length);
        foreach (var field in _wireFields)
        {
            if (field.Has(FieldFlags.Inline))
                flat.AddRange(field.Message!.JsonFields);
            else
                flat.Add(field);
        }

        return [.. flat];
    }
}
