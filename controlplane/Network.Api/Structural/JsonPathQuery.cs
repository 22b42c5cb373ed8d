using System.Text.Json;
using Network.Api.Schema;

namespace Network.Api.Structural;

/// <summary>
/// The part of kubectl's JSONPath that printer columns use: <c>.a.b</c>, <c>['a.b']</c>, <c>[0]</c>, <c>[-1]</c>, <c>[*]</c> and
/// <c>[?(@.type=="Ready")]</c>.
/// </summary>
public sealed class JsonPathQuery
{
    private readonly List<Func<JsonElement, IEnumerable<JsonElement>>> _steps = [];

    /// <exception cref="FormatException">The expression is none of the forms above.</exception>
    public JsonPathQuery(string expression)
    {
        var text = expression.AsSpan();
        if (text.StartsWith("{") && text.EndsWith("}"))
            text = text[1..^1];
        if (text.StartsWith("$"))
            text = text[1..];
        while (text.Length > 0)
            text = ReadStep(text, expression);
    }

    /// <summary>All values the path leads to, in document order.</summary>
    public IEnumerable<JsonElement> Of(JsonElement root)
    {
        IEnumerable<JsonElement> found = [root];
        foreach (var step in _steps)
            found = found.SelectMany(step);
        return found;
    }

    private ReadOnlySpan<char> ReadStep(ReadOnlySpan<char> text, string whole)
    {
        if (text[0] == '.')
        {
            var name = text[1..];
            var end = name.IndexOfAny('.', '[');
            if (end < 0)
                end = name.Length;
            if (end > 0)
                AddMember(name[..end].ToString().Replace("\\", "", StringComparison.Ordinal));
            return name[end..];
        }

        var close = Close(text);
        if (text[0] != '[' || close < 0)
            throw new FormatException($"\"{whole}\" is not a path; write steps like .spec.name, [0] or [?(@.type==\"Ready\")]");
        AddBracket(text[1..close].ToString(), whole);
        return text[(close + 1)..];
    }

    // A closing bracket inside quotes closes nothing.
    private static int Close(ReadOnlySpan<char> text)
    {
        var quote = '\0';
        for (var i = 1; i < text.Length; i++)
        {
            if (quote != '\0')
                quote = text[i] == quote ? '\0' : quote;
            else if (text[i] is '"' or '\'')
                quote = text[i];
            else if (text[i] == ']')
                return i;
        }

        return -1;
    }

    private void AddBracket(string inside, string whole)
    {
        if (inside == "*")
            _steps.Add(All);
        else if (int.TryParse(inside, out var index))
            _steps.Add(element => At(element, index));
        else if (inside.Length > 2 && inside[0] is '\'' or '"')
            AddMember(inside[1..^1]);
        else if (inside.StartsWith("?(@", StringComparison.Ordinal) && inside.EndsWith(')'))
            AddFilter(inside[3..^1], whole);
        else
            throw new FormatException($"\"{whole}\": [{inside}] is not a step");
    }

    private void AddMember(string name)
    {
        if (name == "*")
            _steps.Add(All);
        else
            _steps.Add(element => element.At(name) is { ValueKind: not JsonValueKind.Undefined } member ? [member] : []);
    }

    private void AddFilter(string condition, string whole)
    {
        var at = condition.IndexOf("==", StringComparison.Ordinal);
        if (at < 0)
            throw new FormatException($"\"{whole}\": only == filters are known");
        var path = new JsonPathQuery(condition[..at].Trim());
        var wanted = condition[(at + 2)..].Trim().Trim('"', '\'');
        _steps.Add(element => All(element).Where(item => path.Of(item).Any(value => value.Text() == wanted)));
    }

    private static IEnumerable<JsonElement> All(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray(),
        JsonValueKind.Object => element.EnumerateObject().Select(member => member.Value),
        _ => [],
    };

    private static IEnumerable<JsonElement> At(JsonElement element, int index)
    {
        if (element.ValueKind != JsonValueKind.Array)
            return [];
        var position = index < 0 ? element.GetArrayLength() + index : index;
        return position >= 0 && position < element.GetArrayLength() ? [element[position]] : [];
    }
}
