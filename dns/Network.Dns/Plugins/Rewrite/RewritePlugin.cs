using System.Text;
using System.Text.RegularExpressions;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Rewrite;

/// <summary>How names are recognised.</summary>
public enum RewriteMatch
{
    Exact,
    Prefix,
    Suffix,
    Substring,
    Regex,
}

/// <summary>A name that is asked for as another one. Names with the final dot.</summary>
/// <param name="Stop">Later rules are not looked at.</param>
public sealed record RewriteRule(RewriteMatch Match, string From, string To, bool Stop)
{
    private readonly Regex? _regex = Match == RewriteMatch.Regex ? new Regex(From, RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(100)) : null;

    /// <summary>The new name; null when the rule does not fit.</summary>
    internal string? Apply(string name) => Match switch
    {
        RewriteMatch.Exact => name == From ? To : null,
        RewriteMatch.Prefix => name.StartsWith(From, StringComparison.Ordinal) ? To + name[From.Length..] : null,
        RewriteMatch.Suffix => name.EndsWith(From, StringComparison.Ordinal) ? name[..^From.Length] + To : null,
        RewriteMatch.Substring => name.Contains(From, StringComparison.Ordinal) ? name.Replace(From, To, StringComparison.Ordinal) : null,
        _ => Replace(name),
    };

    // CoreDNS writes groups as {1}.
    private string? Replace(string name)
    {
        var match = _regex!.Match(name);
        if (!match.Success)
            return null;
        var text = new StringBuilder(To);
        for (var group = 0; group < match.Groups.Count; group++)
            text.Replace($"{{{group}}}", match.Groups[group].Value);
        return text.ToString();
    }
}

/// <summary>Asks the rest of the chain for another name; the answer comes back under the name that was asked for.</summary>
public sealed class RewritePlugin(IReadOnlyList<RewriteRule> rules) : IDnsPlugin
{
    public string Name => "rewrite";

    /// <summary>The rules of one line and then of the next: where one says stop, it stops all behind it.</summary>
    internal RewritePlugin Then(RewritePlugin other) => new([.. rules, .. other.Rules]);

    private IReadOnlyList<RewriteRule> Rules => rules;

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var name = request.Query.Name;
        var target = name;
        foreach (var rule in rules)
        {
            if (rule.Apply(target) is not { } rewritten)
                continue;
            target = rewritten.EndsWith('.') ? rewritten : rewritten + ".";
            if (rule.Stop)
                break;
        }

        if (target == name)
            return await next(request, cancel).ConfigureAwait(false);
        var asked = request with
        {
            Query = request.Query with { Labels = target.TrimEnd('.').Split('.'), Question = AliasTarget.Question(target, request.Query.Type) },
        };
        var answer = await next(asked, cancel).ConfigureAwait(false);
        return answer is null ? null : Back(answer, target.TrimEnd('.'));
    }

    // A finished message carries the other name all over; its records are taken out and stand under the name asked for.
    private static DnsAnswer Back(DnsAnswer answer, string target) => answer.Raw is not { } raw
        ? answer
        : answer with
        {
            Raw = null,
            Answers = RawRecords.Of(raw, section: 1).Select(record => record.Owner!.Equals(target, StringComparison.OrdinalIgnoreCase) ? record with { Owner = null, WireOwner = null } : record).ToList(),
            Authorities = RawRecords.Of(raw, section: 2).ToList(),
        };
}
