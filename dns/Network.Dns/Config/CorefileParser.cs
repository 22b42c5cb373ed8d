using System.Globalization;
using System.Text;

namespace Network.Dns.Config;

/// <summary>
/// Reads the Corefile format (Caddyfile of CoreDNS): server blocks, directives with nested blocks, quotes, comments, environment
/// variables as {$NAME}, snippets with import.
/// </summary>
public sealed class CorefileParser
{
    private readonly string _file;
    private readonly List<Token> _tokens;
    private readonly Dictionary<string, IReadOnlyList<Directive>> _snippets = new(StringComparer.Ordinal);
    private int _at;

    private CorefileParser(string file, string text) => (_file, _tokens) = (file, Tokenize(file, text));

    /// <exception cref="CorefileException">With the line at fault.</exception>
    public static IReadOnlyList<ServerBlock> Parse(string file, string text) => new CorefileParser(file, text).Blocks();

    private List<ServerBlock> Blocks()
    {
        var blocks = new List<ServerBlock>();
        while (_at < _tokens.Count)
        {
            var line = _tokens[_at].Line;
            var names = Names();
            var directives = Block();
            if (names is [['(', .. var snippet, ')']])
                _snippets[snippet] = directives;
            else
                blocks.Add(new ServerBlock(names.Select(name => Key(name, line)).ToList(), directives, _file, line));
        }

        return blocks.Count > 0 ? blocks : throw new CorefileException(_file, 1, "there is no server block; write \". { ... }\"");
    }

    private List<string> Names()
    {
        var names = new List<string>();
        while (_at < _tokens.Count && _tokens[_at].Text != "{")
            names.AddRange(_tokens[_at++].Text.Split(',', StringSplitOptions.RemoveEmptyEntries));
        if (_at == _tokens.Count)
            throw new CorefileException(_file, _tokens[^1].Line, $"\"{_tokens[^1].Text}\" has no block; open one with {{");
        if (names.Count == 0)
            throw new CorefileException(_file, _tokens[_at].Line, "a server block has no zone; write \".\" for all names");
        return names;
    }

    private List<Directive> Block()
    {
        var open = _tokens[_at++];
        var directives = new List<Directive>();
        while (true)
        {
            if (_at == _tokens.Count)
                throw new CorefileException(_file, open.Line, "the block that opens here is never closed");
            if (_tokens[_at].Text == "}")
            {
                _at++;
                return directives;
            }

            directives.AddRange(Line());
        }
    }

    private IEnumerable<Directive> Line()
    {
        var first = _tokens[_at++];
        if (first.Text == "{")
            throw new CorefileException(_file, first.Line, "a block opens without a name before it");
        var arguments = new List<string>();
        while (_at < _tokens.Count && _tokens[_at].Line == first.Line && _tokens[_at].Text is not ("{" or "}"))
            arguments.Add(_tokens[_at++].Text);
        var block = _at < _tokens.Count && _tokens[_at].Text == "{" && _tokens[_at].Line == first.Line ? Block() : [];
        var directive = new Directive(first.Text, arguments, block, _file, first.Line);
        return first.Text == "import" ? Import(directive) : [directive];
    }

    private IEnumerable<Directive> Import(Directive import)
    {
        var name = import.Single();
        if (_snippets.TryGetValue(name, out var snippet))
            return snippet;
        var folder = Path.GetDirectoryName(Path.GetFullPath(_file))!;
        var path = Path.GetFullPath(name, folder);
        var files = name.Contains('*') && Directory.Exists(Path.GetDirectoryName(path))
            ? Directory.GetFiles(Path.GetDirectoryName(path)!, Path.GetFileName(path)).Order(StringComparer.Ordinal).ToArray()
            : File.Exists(path) ? [path] : throw import.Refuse($"neither a snippet above nor a file is called \"{name}\"");
        return files.SelectMany(file =>
        {
            // A file of directives: the same as if they stood here.
            var parser = new CorefileParser(file, "{\n" + File.ReadAllText(file) + "\n}");
            return parser.Block().Select(directive => directive with { Line = directive.Line - 1 });
        });
    }

    private ServerKey Key(string text, int line)
    {
        var scheme = "dns";
        var rest = text;
        if (text.IndexOf("://", StringComparison.Ordinal) is > 0 and var mark)
            (scheme, rest) = (text[..mark], text[(mark + 3)..]);
        var standard = scheme switch { "dns" => 53, "tls" => 853, "https" => 443, _ => throw new CorefileException(_file, line, $"scheme \"{scheme}\" of \"{text}\" is not served; dns, tls and https are") };
        var colon = rest.LastIndexOf(':');
        if (colon >= 0 && (!ushort.TryParse(rest[(colon + 1)..], CultureInfo.InvariantCulture, out var port) || port == 0))
            throw new CorefileException(_file, line, $"\"{rest[(colon + 1)..]}\" of \"{text}\" is no port");
        var zone = (colon >= 0 ? rest[..colon] : rest).TrimEnd('.').ToLowerInvariant();
        return new ServerKey(scheme, ReverseZone.Of(zone), colon >= 0 ? ushort.Parse(rest[(colon + 1)..], CultureInfo.InvariantCulture) : standard);
    }

    private static List<Token> Tokenize(string file, string text)
    {
        var tokens = new List<Token>();
        var (line, at) = (1, 0);
        while (at < text.Length)
        {
            if (text[at] == '\n')
                line++;
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            if (text[at] == '#')
            {
                at = text.IndexOf('\n', at) is >= 0 and var end ? end : text.Length;
                continue;
            }

            var start = line;
            var word = text[at] == '"' ? Quoted(file, text, ref at, ref line) : Word(text, ref at);
            tokens.Add(new Token(Environment(word), start));
        }

        return tokens;
    }

    private static string Word(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && !char.IsWhiteSpace(text[at]))
            at++;
        return text[start..at];
    }

    private static string Quoted(string file, string text, ref int at, ref int line)
    {
        var (word, first) = (new StringBuilder(), line);
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] == '"')
            {
                word.Append(text[++at]);
                continue;
            }

            if (text[at] == '"')
            {
                at++;
                return word.ToString();
            }

            line += text[at] == '\n' ? 1 : 0;
            word.Append(text[at]);
        }

        throw new CorefileException(file, first, "a quote opens here and never closes");
    }

    private static string Environment(string word)
    {
        for (var open = word.IndexOf("{$", StringComparison.Ordinal); open >= 0; open = word.IndexOf("{$", open, StringComparison.Ordinal))
        {
            var close = word.IndexOf('}', open);
            if (close < 0)
                break;
            word = word[..open] + System.Environment.GetEnvironmentVariable(word[(open + 2)..close]) + word[(close + 1)..];
        }

        return word;
    }

    private readonly record struct Token(string Text, int Line);
}
