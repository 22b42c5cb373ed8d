namespace Network.Dns.Zones;

/// <summary>A word of a master file as it is written, escapes and all.</summary>
internal readonly record struct ZoneWord(string Text, bool IsQuoted);

/// <summary>An entry of a master file: one line, or several in parentheses (RFC 1035 5.1).</summary>
/// <param name="Indented">It begins with a blank: the owner is the one of the entry before.</param>
internal sealed record ZoneLine(string File, int Number, bool Indented, IReadOnlyList<ZoneWord> Words)
{
    internal ZoneFileException Refuse(string reason) => new(File, Number, reason);

    /// <exception cref="ZoneFileException">A quote or parenthesis that never closes.</exception>
    internal static IEnumerable<ZoneLine> Split(string file, string text)
    {
        var (words, start, line, depth, indented, fresh) = (new List<ZoneWord>(), 1, 1, 0, false, true);
        for (var at = 0; at < text.Length;)
        {
            var letter = text[at];
            if (fresh)
                (indented, fresh) = (letter is ' ' or '\t', false);
            if (letter == '\n')
            {
                if (depth == 0)
                {
                    if (words.Count > 0)
                        yield return new ZoneLine(file, start, indented, words);
                    (words, fresh) = ([], true);
                }

                (line, at) = (line + 1, at + 1);
            }
            else if (letter is ' ' or '\t' or '\r')
            {
                at++;
            }
            else if (letter == ';')
            {
                at = text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;
            }
            else if (letter is '(' or ')')
            {
                depth += letter == '(' ? 1 : -1;
                if (depth < 0)
                    throw new ZoneFileException(file, line, "a parenthesis closes that never opened");
                at++;
            }
            else
            {
                if (words.Count == 0)
                    start = line;
                words.Add(Word(file, line, text, ref at));
            }
        }

        if (depth > 0)
            throw new ZoneFileException(file, start, "a parenthesis opens in the entry that begins here and never closes");
        if (words.Count > 0)
            yield return new ZoneLine(file, start, indented, words);
    }

    private static ZoneWord Word(string file, int line, string text, ref int at)
    {
        var quoted = text[at] == '"';
        var start = quoted ? ++at : at;
        while (at < text.Length && (quoted ? text[at] != '"' : text[at] is not (' ' or '\t' or '\r' or '\n' or ';' or '(' or ')' or '"')))
        {
            if (quoted && text[at] == '\n')
                break;
            at += text[at] == '\\' && at + 1 < text.Length ? 2 : 1;
        }

        if (!quoted)
            return new ZoneWord(text[start..at], IsQuoted: false);
        if (at >= text.Length || text[at] != '"')
            throw new ZoneFileException(file, line, "a quote opens here and never closes");
        return new ZoneWord(text[start..at++], IsQuoted: true);
    }
}
