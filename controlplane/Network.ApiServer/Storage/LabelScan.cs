using System.Text.Json;

namespace Network.ApiServer.Storage;

/// <summary>Reads metadata.labels from an object's bytes and stops there.</summary>
internal static class LabelScan
{
    private static readonly Dictionary<string, string> s_none = [];

    public static Dictionary<string, string> Read(ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value);
        reader.Read();
        return Enter(ref reader, "metadata"u8) && Enter(ref reader, "labels"u8) ? ReadMap(ref reader) : s_none;
    }

    // Leaves the reader on the opening brace of the named member.
    private static bool Enter(ref Utf8JsonReader reader, ReadOnlySpan<byte> name)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(name);
            reader.Read();
            if (found)
                return reader.TokenType == JsonTokenType.StartObject;
            reader.Skip();
        }

        return false;
    }

    private static Dictionary<string, string> ReadMap(ref Utf8JsonReader reader)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            map[key] = reader.GetString() ?? "";
        }

        return map;
    }
}
