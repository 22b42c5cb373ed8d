using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Conformance.Running;

namespace Network.Conformance.Reports;

/// <summary>Results in the forms people and programs read. Markdown holds no times, so that it can be compared with a kept one.</summary>
public sealed class ConformanceReport(IReadOnlyList<string> clients, IReadOnlyList<ResultRow> rows)
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public IReadOnlyList<string> Clients { get; } = clients;

    public IReadOnlyList<ResultRow> Rows { get; } = rows;

    public IEnumerable<(ResultRow Row, string Client, Outcome Outcome)> Cells =>
        Rows.SelectMany(row => Clients.Select((client, column) => (row, client, row.Outcomes[column])));

    public bool Failed => Cells.Any(cell => cell.Outcome.Verdict == Verdict.Fail);

    /// <summary>One line: what a script greps for.</summary>
    public string Totals
    {
        get
        {
            var text = $"{Count(Verdict.Pass)} passed, {Count(Verdict.Fail)} failed, {Count(Verdict.NotSupported)} not supported";
            return Count(Verdict.NeedsNode) is > 0 and var waiting ? $"{text}, {waiting} need a node" : text;
        }
    }

    public static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass",
        Verdict.Fail => "FAIL",
        Verdict.NotSupported => "not supported",
        Verdict.NeedsNode => "needs a node",
        _ => "n/a",
    };

    public string Markdown()
    {
        var text = new StringBuilder();
        text.AppendLine($"| sig | scenario | {string.Join(" | ", Clients)} |");
        text.AppendLine($"|---|---|{string.Concat(Clients.Select(_ => "---|"))}");
        var reasons = new List<string>();
        foreach (var row in Rows)
            text.AppendLine($"| {row.Scenario.Sig} | {row.Scenario.Name} | {string.Join(" | ", row.Outcomes.Select(outcome => Word(outcome.Verdict) + Footnote(reasons, outcome)))} |");
        for (var i = 0; i < reasons.Count; i++)
            text.Append(i == 0 ? "\n" : "").AppendLine($"{i + 1}. {reasons[i]}");
        return text.ToString();
    }

    /// <summary>Reports of the same scenarios from several clusters as one table, a column a cluster.</summary>
    public static ConformanceReport SideBySide(IReadOnlyList<string> names, IReadOnlyList<ConformanceReport> reports) =>
        new(names, reports[0].Rows.Select((row, i) => new ResultRow(row.Scenario, reports.Select(report => report.Rows[i].Outcomes[^1]).ToList())).ToList());

    public string Json() => Tree().ToJsonString(s_indented);

    /// <summary>YAML; strings are quoted as JSON quotes them, which YAML 1.2 reads.</summary>
    public string Yaml()
    {
        var text = new StringBuilder();
        text.AppendLine($"totals: {Quoted(Totals)}").AppendLine("scenarios:");
        foreach (var row in Rows)
        {
            text.AppendLine($"- sig: {row.Scenario.Sig}").AppendLine($"  scenario: {Quoted(row.Scenario.Name)}").AppendLine("  results:");
            for (var i = 0; i < Clients.Count; i++)
            {
                text.AppendLine($"  - client: {Quoted(Clients[i])}").AppendLine($"    result: {Quoted(Word(row.Outcomes[i].Verdict))}");
                if (row.Outcomes[i].Reason.Length > 0)
                    text.AppendLine($"    reason: {Quoted(row.Outcomes[i].Reason)}");
            }
        }

        return text.ToString();
    }

    private int Count(Verdict verdict) => Cells.Count(cell => cell.Outcome.Verdict == verdict);

    private static string Footnote(List<string> reasons, Outcome outcome)
    {
        if (outcome.Verdict != Verdict.NotSupported)
            return "";
        if (!reasons.Contains(outcome.Reason))
            reasons.Add(outcome.Reason);
        return $" ({reasons.IndexOf(outcome.Reason) + 1})";
    }

    private JsonObject Tree() => new()
    {
        ["totals"] = Totals,
        ["scenarios"] = new JsonArray([.. Rows.Select(row => (JsonNode)new JsonObject
        {
            ["sig"] = row.Scenario.Sig,
            ["scenario"] = row.Scenario.Name,
            ["results"] = new JsonArray([.. row.Outcomes.Select((outcome, i) => (JsonNode)new JsonObject
            {
                ["client"] = Clients[i],
                ["result"] = Word(outcome.Verdict),
                ["reason"] = outcome.Reason,
                ["milliseconds"] = (long)outcome.Took.TotalMilliseconds,
            })]),
        })]),
    };

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
