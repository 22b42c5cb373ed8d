using Network.Api.Errors;

namespace Network.Api.Selectors;

/// <summary>The grammar of apimachinery's labels.Parse.</summary>
internal sealed class LabelSelectorParser(string text)
{
    private int _at;

    public LabelSelector Parse()
    {
        var requirements = new List<LabelRequirement>();
        do
        {
            requirements.Add(ParseRequirement());
            SkipSpace();
        }
        while (Take(','));
        if (_at < text.Length)
            throw Fault();
        return new LabelSelector(requirements);
    }

    private LabelRequirement ParseRequirement()
    {
        SkipSpace();
        if (Take('!'))
            return new(Key(), LabelOperator.DoesNotExist, []);
        var key = Key();
        SkipSpace();
        if (_at == text.Length || text[_at] == ',')
            return new(key, LabelOperator.Exists, []);
        if (TakeText("==") || TakeText("="))
            return new(key, LabelOperator.In, [Word()]);
        if (TakeText("!="))
            return new(key, LabelOperator.NotIn, [Word()]);
        if (Take('>'))
            return new(key, LabelOperator.GreaterThan, [Word()]);
        if (Take('<'))
            return new(key, LabelOperator.LessThan, [Word()]);
        if (TakeText("in"))
            return new(key, LabelOperator.In, Set());
        if (TakeText("notin"))
            return new(key, LabelOperator.NotIn, Set());
        throw Fault();
    }

    private List<string> Set()
    {
        SkipSpace();
        if (!Take('('))
            throw Fault();
        var values = new List<string>();
        do
        {
            values.Add(Word());
            SkipSpace();
        }
        while (Take(','));
        return Take(')') ? values : throw Fault();
    }

    private string Key() => Word() is { Length: > 0 } key ? key : throw Fault();

    private string Word()
    {
        SkipSpace();
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '-' or '_' or '.' or '/'))
            _at++;
        return text[start.._at];
    }

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            _at++;
    }

    private bool Take(char c)
    {
        if (_at >= text.Length || text[_at] != c)
            return false;
        _at++;
        return true;
    }

    private bool TakeText(string word)
    {
        if (!text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal))
            return false;
        _at += word.Length;
        return true;
    }

    private ApiException Fault() => Refusal.BadRequest($"unable to parse requirement: found '{(_at < text.Length ? text[_at..] : "")}' at {_at} of label selector \"{text}\"");
}
