namespace Network.Api.Schema;

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
