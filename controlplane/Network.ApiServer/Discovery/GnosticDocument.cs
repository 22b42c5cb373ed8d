using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Discovery;

/// <summary>
/// Encodes a swagger 2.0 document as gnostic's <c>openapi.v2.Document</c> (github.com/google/gnostic, openapiv2/OpenAPIv2.proto), the only form old kubectl
/// reads. Members this server never writes are not known here.
/// </summary>
internal static class GnosticDocument
{
    public static void Write(ProtobufWriter wire, JsonElement document)
    {
        foreach (var member in document.EnumerateObject())
        {
            switch (member.Name)
            {
                case "swagger":
                    wire.Text(1, member.Value.GetString()!);
                    break;
                case "info":
                    Nested(wire, 2, member.Value, static (w, info) => Texts(w, info, ("title", 1), ("version", 2)));
                    break;
                case "paths":
                    Nested(wire, 8, member.Value, static (w, paths) => Named(w, 2, paths, WritePath));
                    break;
                case "definitions":
                    Nested(wire, 9, member.Value, static (w, definitions) => Named(w, 1, definitions, WriteSchema));
                    break;
            }
        }
    }

    private static void WritePath(ProtobufWriter wire, JsonElement path)
    {
        foreach (var member in path.EnumerateObject())
        {
            if (member.Name == "parameters")
                WriteParameters(wire, 9, member.Value);
            else if (NumberOf(member.Name) is > 0 and var number)
                Nested(wire, number, member.Value, WriteOperation);
        }

        static int NumberOf(string method) => method switch
        {
            "get" => 2,
            "put" => 3,
            "post" => 4,
            "delete" => 5,
            "patch" => 8,
            _ => 0,
        };
    }

    private static void WriteOperation(ProtobufWriter wire, JsonElement operation)
    {
        Texts(wire, operation, ("tags", 1), ("operationId", 5), ("produces", 6), ("consumes", 7), ("schemes", 10));
        WriteParameters(wire, 8, operation.GetProperty("parameters"));
        Nested(wire, 9, operation.GetProperty("responses"), static (w, responses) => Named(w, 1, responses,
            // ResponseValue{response = 1}: one of two alternatives.
            static (v, response) => Nested(v, 1, response, WriteResponse)));
        WriteExtensions(wire, 13, operation);
    }

    private static void WriteResponse(ProtobufWriter wire, JsonElement response)
    {
        Texts(wire, response, ("description", 1));
        Nested(wire, 2, response.GetProperty("schema"), static (w, schema) => Nested(w, 1, schema, WriteSchema));
    }

    // ParametersItem{parameter = 1: Parameter{body_parameter = 1 | non_body_parameter = 2: {query... = 3 | path... = 4}}}
    private static void WriteParameters(ProtobufWriter wire, int number, JsonElement parameters)
    {
        foreach (var parameter in parameters.EnumerateArray())
        {
            var item = wire.Open(number);
            var choice = wire.Open(1);
            if (parameter.GetProperty("in"u8).ValueEquals("body"u8))
                Nested(wire, 1, parameter, WriteBody);
            else
                Nested(wire, 2, parameter, WriteNonBody);
            wire.Close(choice);
            wire.Close(item);
        }
    }

    private static void WriteBody(ProtobufWriter wire, JsonElement parameter)
    {
        Texts(wire, parameter, ("description", 1), ("name", 2), ("in", 3));
        wire.Scalar(4, parameter.GetProperty("required"u8).GetBoolean() ? 1u : 0u);
        Nested(wire, 5, parameter.GetProperty("schema"u8), WriteSchema);
    }

    private static void WriteNonBody(ProtobufWriter wire, JsonElement parameter)
    {
        var path = parameter.GetProperty("in"u8).ValueEquals("path"u8);
        var mark = wire.Open(path ? 4 : 3);
        if (path)
            wire.Scalar(1, 1);
        Texts(wire, parameter, ("in", 2), ("description", 3), ("name", 4), ("type", path ? 5 : 6));
        wire.Scalar(path ? 19 : 20, 1);
        wire.Close(mark);
    }

    private static void WriteSchema(ProtobufWriter wire, JsonElement schema)
    {
        Texts(wire, schema, ("$ref", 1), ("format", 2), ("description", 4), ("required", 19));
        foreach (var member in schema.EnumerateObject())
        {
            switch (member.Name)
            {
                case "enum":
                    foreach (var value in member.Value.EnumerateArray())
                        Nested(wire, 20, value, WriteAny);
                    break;
                case "additionalProperties":
                    Nested(wire, 21, member.Value, static (w, item) =>
                    {
                        // AdditionalPropertiesItem{schema = 1 | boolean = 2}
                        if (item.ValueKind == JsonValueKind.Object)
                            Nested(w, 1, item, WriteSchema);
                        else
                            w.Scalar(2, item.GetBoolean() ? 1u : 0u);
                    });
                    break;
                case "type":
                    var type = wire.Open(22);
                    wire.Text(1, member.Value.GetString()!);
                    wire.Close(type);
                    break;
                case "items":
                    Nested(wire, 23, member.Value, static (w, item) => Nested(w, 1, item, WriteSchema));
                    break;
                case "properties":
                    Nested(wire, 25, member.Value, static (w, properties) => Named(w, 1, properties, WriteSchema));
                    break;
            }
        }

        WriteExtensions(wire, 31, schema);
    }

    private static void WriteExtensions(ProtobufWriter wire, int number, JsonElement owner)
    {
        foreach (var member in owner.EnumerateObject())
        {
            if (!member.Name.StartsWith("x-", StringComparison.Ordinal))
                continue;
            var named = wire.Open(number);
            wire.Text(1, member.Name);
            Nested(wire, 2, member.Value, WriteAny);
            wire.Close(named);
        }
    }

    // Any{yaml = 2}: JSON is YAML.
    private static void WriteAny(ProtobufWriter wire, JsonElement value) => wire.Text(2, value.GetRawText());

    private static void Named(ProtobufWriter wire, int number, JsonElement map, Action<ProtobufWriter, JsonElement> write)
    {
        foreach (var member in map.EnumerateObject())
        {
            var named = wire.Open(number);
            wire.Text(1, member.Name);
            Nested(wire, 2, member.Value, write);
            wire.Close(named);
        }
    }

    private static void Nested(ProtobufWriter wire, int number, JsonElement value, Action<ProtobufWriter, JsonElement> write)
    {
        var mark = wire.Open(number);
        write(wire, value);
        wire.Close(mark);
    }

    // Texts and lists of texts, in the order of their numbers.
    private static void Texts(ProtobufWriter wire, JsonElement owner, params ReadOnlySpan<(string Name, int Number)> members)
    {
        foreach (var (name, number) in members)
        {
            if (!owner.TryGetProperty(name, out var value))
                continue;
            if (value.ValueKind == JsonValueKind.String)
            {
                wire.Text(number, value.GetString()!);
                continue;
            }

            foreach (var text in value.EnumerateArray())
                wire.Text(number, text.GetString()!);
        }
    }
}
