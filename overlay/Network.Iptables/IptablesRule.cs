using System.Collections.Immutable;

namespace Network.Iptables;

/// <summary>
/// One rule as iptables arguments. Write matches in the order in which iptables-save prints them
/// (-s, -d, -i, -o, -p, -m ...), then a rule read back has the same text.
/// </summary>
public sealed record IptablesRule
{
    /// <summary>Its arguments, unquoted.</summary>
    public ImmutableArray<string> Words { get; private init; } = [];

    public static IptablesRule New { get; } = new();

    /// <summary>CIDR; a leading <c>!</c> inverts.</summary>
    public IptablesRule Source(string cidr) => Address("-s", cidr);

    /// <inheritdoc cref="Source"/>
    public IptablesRule Destination(string cidr) => Address("-d", cidr);

    public IptablesRule InInterface(string name) => With("-i", name);

    public IptablesRule OutInterface(string name) => With("-o", name);

    public IptablesRule Protocol(string name) => With("-p", name);

    /// <summary>A match with its options: <c>Match("mark", "--mark", "0x4000/0x4000")</c>.</summary>
    public IptablesRule Match(string module, params ReadOnlySpan<string> options) => With(["-m", module, .. options]);

    /// <summary>The words of this rule, then those of another.</summary>
    public IptablesRule Append(IptablesRule other) => With([.. other.Words]);

    /// <summary>Says in the rule set why the rule is there (xt_comment).</summary>
    public IptablesRule Comment(string text) => Match("comment", "--comment", text);

    /// <summary>The same rule without its comment; one that is nothing else stays.</summary>
    public IptablesRule WithoutComment() =>
        Words.IndexOf("--comment") is var at and > 1 && Words.Length > 4 ? this with { Words = Words.RemoveRange(at - 2, 4) } : this;

    public IptablesRule Jump(string target, params ReadOnlySpan<string> options) => With(["-j", target, .. options]);

    public override string ToString() => string.Join(' ', Words.Select(Quote));

    public bool Equals(IptablesRule? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    private IptablesRule Address(string option, string cidr) =>
        cidr.StartsWith('!') ? With("!", option, cidr[1..]) : With(option, cidr);

    private IptablesRule With(params ReadOnlySpan<string> words) => this with { Words = [.. Words, .. words] };

    // Both iptables-save and iptables-restore quote with double quotes and backslashes; a newline would end the rule.
    private static string Quote(string word)
    {
        if (word.AsSpan().ContainsAny('\n', '\0'))
            throw new ArgumentException($"iptables word \"{word}\" holds a line break");
        return word.Length > 0 && !word.AsSpan().ContainsAny(" \t\"'\\")
            ? word
            : $"\"{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }
}
