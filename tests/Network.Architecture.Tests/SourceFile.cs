using System.Text.RegularExpressions;

namespace Network.Architecture.Tests;

internal enum MemberKind
{
    Type,
    Method,
    Other,
}

/// <summary>A declaration with the lines it spans (numbered from 1) and its text up to the body.</summary>
internal sealed record Member(MemberKind Kind, string Header, int FirstLine, int LastLine)
{
    internal int Length => LastLine - FirstLine + 1;
}

/// <summary>
/// A C# file cut into declarations by indentation, which the formatter keeps honest: a member of a type stands four
/// columns further in than the type. Strings over several lines are blanked first, so that their text is not read as code.
/// </summary>
internal sealed partial class SourceFile
{
    private SourceFile(string path, string[] lines)
    {
        Path = path;
        Lines = lines;
        Code = Blank(lines);
        Types = Cut(0, Code.Length, 0).Where(member => member.Kind == MemberKind.Type).ToList();
    }

    /// <summary>Relative to the root of the repository.</summary>
    internal string Path { get; }

    internal string Name => System.IO.Path.GetFileName(Path);

    internal IReadOnlyList<string> Lines { get; }

    /// <summary>The lines without comments and without the text of strings.</summary>
    internal string[] Code { get; }

    /// <summary>Types declared at the outermost level.</summary>
    internal IReadOnlyList<Member> Types { get; }

    internal static SourceFile Read(string root, string path) =>
        new(System.IO.Path.GetRelativePath(root, path), File.ReadAllLines(path));

    internal static SourceFile Parse(string path, string text) => new(path, text.Split('\n'));

    /// <summary>Members of all types, nested ones too.</summary>
    internal IEnumerable<Member> Members() => Types.SelectMany(type => MembersOf(type, 4));

    private IEnumerable<Member> MembersOf(Member type, int indent)
    {
        foreach (var member in Cut(type.FirstLine, type.LastLine, indent))
        {
            yield return member;
            if (member.Kind != MemberKind.Type)
                continue;
            foreach (var nested in MembersOf(member, indent + 4))
                yield return nested;
        }
    }

    private List<Member> Cut(int from, int to, int indent)
    {
        var members = new List<Member>();
        var starts = Enumerable.Range(from, to - from).Where(i => IndentOf(Code[i]) == indent && StartsMember(Code[i].AsSpan(indent))).ToList();
        for (var i = 0; i < starts.Count; i++)
        {
            var end = (i + 1 < starts.Count ? starts[i + 1] : to) - 1;
            // Comments and attributes of the next member, and the brace that closes the type, are not this member's.
            while (end > starts[i] && (IndentOf(Code[end]) is var column && (column < indent || (column == indent && !Code[end].TrimStart().StartsWith('}')))))
                end--;
            var header = HeaderAt(starts[i], end);
            members.Add(new Member(KindOf(header), header, starts[i] + 1, end + 1));
        }

        return members;
    }

    private string HeaderAt(int start, int end)
    {
        var text = string.Join(' ', Code[start..(end + 1)].Select(line => line.Trim()));
        var body = text.IndexOfAny(['{', ';']);
        var arrow = text.IndexOf("=>", StringComparison.Ordinal);
        var stop = new[] { body, arrow }.Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
        return text[..stop].Trim();
    }

    private static MemberKind KindOf(string header)
    {
        if (TypeKeyword().IsMatch(header))
            return MemberKind.Type;
        var call = header.IndexOf('(', StringComparison.Ordinal);
        var value = header.IndexOf('=', StringComparison.Ordinal);
        return call >= 0 && (value < 0 || call < value) ? MemberKind.Method : MemberKind.Other;
    }

    private static int IndentOf(string line) => line.Length == 0 ? -1 : line.Length - line.TrimStart().Length;

    private static bool StartsMember(ReadOnlySpan<char> code) =>
        code.Length > 0 && (char.IsLetter(code[0]) || code[0] is '_' or '(' or '~')
        && !code.StartsWith("using ") && !code.StartsWith("global ") && !code.StartsWith("namespace ") && !code.StartsWith("where ");

    private static string[] Blank(string[] lines)
    {
        var code = new string[lines.Length];
        string? open = null;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (open is not null)
            {
                var close = line.IndexOf(open, StringComparison.Ordinal);
                code[i] = close < 0 ? "" : new string(' ', 256) + line[(close + open.Length)..];
                open = close < 0 ? open : null;
                continue;
            }

            line = CommentLine().IsMatch(line) ? "" : OneLineRaw().Replace(line, "\"\"");
            if (RawStart().Match(line) is { Success: true } raw)
            {
                open = raw.Groups["quotes"].Value;
                line = line[..raw.Index];
            }

            code[i] = TrailingComment().Replace(PlainString().Replace(line, "\"\""), "").TrimEnd();
        }

        return code;
    }

    [GeneratedRegex(@"^([a-z]+ )*(class|record|struct|interface|enum|delegate|record struct) ")]
    private static partial Regex TypeKeyword();

    [GeneratedRegex(@"^\s*//")]
    private static partial Regex CommentLine();

    [GeneratedRegex("\"\"\"[^\"]+?\"\"\"")]
    private static partial Regex OneLineRaw();

    [GeneratedRegex("\\$*(?<quotes>\"{3,})\\s*$")]
    private static partial Regex RawStart();

    [GeneratedRegex("(?<!')\"(\\\\.|[^\"\\\\])*\"")]
    private static partial Regex PlainString();

    [GeneratedRegex(@"\s//\s.*$")]
    private static partial Regex TrailingComment();
}
