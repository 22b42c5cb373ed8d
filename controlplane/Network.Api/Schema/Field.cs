using System.Text.Json;

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
    public MessageType? Message => field ??= Type == FieldType.Message ? Inner ?? ApiSchema.Get(MessageName!) : null;

    /// <summary>The member type where it is part of no group: members of custom kinds.</summary>
    internal MessageType? Inner { private get; init; }

    /// <summary>The message whose fields are the alternatives of a union field.</summary>
    public MessageType? UnionOf => field ??= Type == FieldType.Union ? ApiSchema.Get(MessageName!) : null;

    public bool Has(FieldFlags flag) => (Flags & flag) != 0;

    /// <summary>The alternative of a union that a JSON token starts; null when none does.</summary>
    internal Field? Alternative(JsonTokenType token)
    {
        foreach (var alternative in UnionOf!.WireFields)
        {
            var fits = token switch
            {
                JsonTokenType.StartArray => alternative.Shape == FieldShape.List,
                JsonTokenType.True or JsonTokenType.False => alternative.Type == FieldType.Bool,
                JsonTokenType.StartObject => alternative is { Type: FieldType.Message, Shape: FieldShape.Single },
                _ => false,
            };
            if (fits)
                return alternative;
        }

        return null;
    }
}
