using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Template;

/// <summary>Names of a form, and what they are answered with.</summary>
/// <param name="Type">Null for any.</param>
/// <param name="Answers">Records in zone-file form; {{ .Name }} and {{ .Group.x }} are replaced.</param>
public sealed record TemplateRule(string Zone, RecordType? Type, IReadOnlyList<Regex> Matches, IReadOnlyList<string> Answers, ResponseCode Code, bool Fallthrough);

/// <summary>Answers made from the question's name.</summary>
public sealed partial class TemplatePlugin(IReadOnlyList<TemplateRule> rules) : IDnsPlugin
{
    public string Name => "template";

    public ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var name = request.Query.Name;
        foreach (var rule in rules.Where(rule => (rule.Type is null || rule.Type == request.Query.Type) && IsWithin(name, rule.Zone)))
        {
            var match = rule.Matches.Select(regex => regex.Match(name)).FirstOrDefault(match => match.Success);
            if (rule.Matches.Count > 0 && match is null)
            {
                if (rule.Fallthrough)
                    continue;
                return ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.NxDomain));
            }

            var records = rule.Answers.Select(answer => ParseRecord(Fill(answer, name, match))).ToList();
            return ValueTask.FromResult<DnsAnswer?>(records.Contains(null)
                ? new DnsAnswer(ResponseCode.ServFail)
                : new DnsAnswer(rule.Code) { Authoritative = true, Answers = records.Select(record => record! with { Owner = record.Owner == name ? null : record.Owner }).ToList() });
        }

        return next(request, cancel);
    }

    /// <summary>Owner, TTL, class, type and data of A, AAAA, CNAME, PTR and TXT records; null for anything else.</summary>
    internal static ResourceRecord? ParseRecord(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (words.Count < 3)
            return null;
        var (owner, ttl, at) = (words[0].ToLowerInvariant(), 3600u, 1);
        if (uint.TryParse(words[at], CultureInfo.InvariantCulture, out var number))
            (ttl, at) = (number, at + 1);
        if (words[at] == "IN")
            at++;
        if (at + 1 >= words.Count)
            return null;
        var data = string.Join(' ', words.Skip(at + 1));
        return words[at] switch
        {
            "A" or "AAAA" => IPAddress.TryParse(data, out var address) ? ResourceRecord.Address(owner, address, ttl) : null,
            "CNAME" => ResourceRecord.CanonicalName(owner, data, ttl),
            "PTR" => ResourceRecord.Pointer(owner, data, ttl),
            "TXT" => ResourceRecord.Text(owner, data.Trim('"'), ttl),
            _ => null,
        };
    }

    internal static bool IsWithin(string name, string zone) =>
        zone.Length == 0 || name == zone + "." || name.EndsWith("." + zone + ".", StringComparison.Ordinal);

    private static string Fill(string template, string name, Match? match) => Placeholder().Replace(template, found => found.Groups["what"].Value switch
    {
        "Name" => name,
        var what when what.StartsWith("Group.", StringComparison.Ordinal) => match?.Groups[what[6..]].Value ?? "",
        _ => "",
    });

    [GeneratedRegex(@"\{\{\s*\.(?<what>[\w.]+)\s*\}\}")]
    private static partial Regex Placeholder();
}
