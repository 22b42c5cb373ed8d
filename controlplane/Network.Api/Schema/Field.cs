namespace Network.Api.Schema;

public enum FieldType : byte { String, Bool, Int32, Int64, Double, Bytes, Time, MicroTime, Duration, Fields, Raw, IntOrString, Quantity, Message }

public enum FieldShape : byte { Single, List, Map, MapOfLists }

[Flags]
public enum FieldFlags : byte
{
    None = 0,

    /// <summary>Its members appear in the parent's JSON object; the protobuf wire nests them.</summary>
    Inline = 1,

    Required = 2,

    /// <summary>A Go pointer: a zero on the protobuf wire is a value, not absence.</summary>
    KeepsZero = 4,

    /// <summary>Strategic merge: merge the list or map member by member.</summary>
    PatchMerge = 8,

    /// <summary>Strategic merge: the patch may name the keys that stay ($retainKeys).</summary>
    RetainKeys = 16,

    /// <summary>Server-side apply owns the whole value, not its members.</summary>
    Atomic = 32,

    /// <summary>Server-side apply: a list of scalars with set semantics.</summary>
    Set = 64,
}

/// <summary>One line of the schema: where a value lives on the protobuf wire, in JSON, and how patches treat it.</summary>
public sealed class Field
{
    internal Field(int number, string name, FieldType type, FieldShape shape, FieldFlags flags, string? messageName)
    {
        Number = number;
        Name = name;
        Type = type;
        Shape = shape;
        Flags = flags;
        MessageName = messageName;
    }

    public int Number { get; }

    public string Name { get; }

    public FieldType Type { get; }

    public FieldShape Shape { get; }

    public FieldFlags Flags { get; }

    public string? MessageName { get; }

    public string? MergeKey { get; internal init; }

    /// <summary>Keys of a server-side-apply map list; empty otherwise.</summary>
    public IReadOnlyList<string> ListKeys { get; internal init; } = [];

    /// <summary>The member type of a message field, loaded when first asked for.</summary>
    public MessageType? Message => field ??= MessageName is null ? null : ApiSchema.Get(MessageName);

    public bool Has(FieldFlags flag) => (Flags & flag) != 0;
}
