using System.Text.Json.Nodes;

namespace Network.ApiServer.Printing;

/// <summary>One column of a table. Wide columns have priority 1.</summary>
internal sealed record Column(string Name, string Type = "string", bool Wide = false)
{
    public string Format { get; init; } = Name == "Name" ? "name" : "";

    public string Description { get; init; } = Name;

    public JsonObject ToJson() => new()
    {
        ["name"] = Name, ["type"] = Type, ["format"] = Format, ["description"] = Description, ["priority"] = Wide ? 1 : 0,
    };

    public static implicit operator Column(string text) => text switch
    {
        ['‹', .. var name, '#'] => new(name, "integer", true),
        ['‹', .. var name] => new(name, Wide: true),
        [.. var name, '#'] => new(name, "integer"),
        _ => new(text),
    };
}
