using System.Text;
using System.Text.Json;

namespace Network.Sample;

/// <summary>Distinct answers and errors with how often each came.</summary>
internal sealed class DialResult
{
    private readonly Dictionary<string, int> _answers = [];
    private readonly Dictionary<string, int> _errors = [];

    internal bool AnyAnswer => _answers.Count > 0;

    internal void Answered(string text) => _answers[text] = _answers.GetValueOrDefault(text) + 1;

    internal void Failed(string text) => _errors[text] = _errors.GetValueOrDefault(text) + 1;

    /// <summary><c>{"responses":["a","b"],"counts":{"a":3,"b":7},"errors":["..."]}</c>: responses as agnhost names them, counts beside.</summary>
    internal string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            WriteNames(writer, "responses", _answers);
            writer.WriteStartObject("counts");
            foreach (var (text, count) in _answers)
                writer.WriteNumber(text, count);
            writer.WriteEndObject();
            WriteNames(writer, "errors", _errors);
            writer.WriteNumber("failed", _errors.Values.Sum());
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteNames(Utf8JsonWriter writer, string name, Dictionary<string, int> counts)
    {
        writer.WriteStartArray(name);
        foreach (var text in counts.Keys)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
