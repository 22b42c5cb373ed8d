using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Network.Api.Schema;

namespace Network.Api.Structural;

/// <summary>Bounds of numbers, texts, lists and objects (OpenAPI v3 / JSON schema validation). Absent bounds are null.</summary>
public sealed class ValueLimits
{
    private readonly string _pattern;

    internal ValueLimits(JsonObject source)
    {
        Minimum = Real(source, "minimum");
        Maximum = Real(source, "maximum");
        MultipleOf = Real(source, "multipleOf");
        ExclusiveMinimum = source.Flag("exclusiveMinimum") == true;
        ExclusiveMaximum = source.Flag("exclusiveMaximum") == true;
        (MinLength, MaxLength) = (source.Number("minLength"), source.Number("maxLength"));
        (MinItems, MaxItems) = (source.Number("minItems"), source.Number("maxItems"));
        (MinProperties, MaxProperties) = (source.Number("minProperties"), source.Number("maxProperties"));
        UniqueItems = source.Flag("uniqueItems") == true;
        _pattern = source.Text("pattern");
    }

    public double? Minimum { get; }

    public double? Maximum { get; }

    public double? MultipleOf { get; }

    public bool ExclusiveMinimum { get; }

    public bool ExclusiveMaximum { get; }

    /// <summary>Lengths count Unicode code points.</summary>
    public long? MinLength { get; }

    public long? MaxLength { get; }

    public long? MinItems { get; }

    public long? MaxItems { get; }

    public long? MinProperties { get; }

    public long? MaxProperties { get; }

    public bool UniqueItems { get; }

    /// <summary>
    /// Compiled without backtracking: expressions come from users, must cost linear time, and may use no more than Go's RE2 has anyway.
    /// Null when there is none.
    /// </summary>
    /// <exception cref="ArgumentException">The expression does not compile.</exception>
    /// <exception cref="NotSupportedException">It needs backtracking (look-around, back references).</exception>
    public Regex? Pattern => field ??= _pattern.Length == 0 ? null : new Regex(_pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    private static double? Real(JsonObject source, string name) =>
        source[name] is JsonValue value && double.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
