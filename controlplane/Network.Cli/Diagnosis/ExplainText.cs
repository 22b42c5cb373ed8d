using System.Globalization;
using System.Text.Json.Nodes;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Findings;
using Network.Diagnosis.Trace;
using Spectre.Console;

namespace Network.Cli.Diagnosis;

/// <summary>An explanation for people and for programs.</summary>
internal static class ExplainText
{
    internal static void Show(Explanation explanation, bool hops)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 1000;
        if (explanation.Question.Name is { } name)
            Line("DNS", name.Server?.ToString() ?? "-", name.Text, name.Addresses.Count > 0 && name.Fault is not { Kind.Severity: Severity.Error } ? StepState.Good : StepState.Bad);
        foreach (var trial in explanation.Trials)
        {
            AnsiConsole.MarkupLineInterpolated($"[bold]{explanation.Question.From.Name} > {trial.Aim.Label}[/] ({trial.Aim.Protocol.ToString().ToLowerInvariant()} {Target(trial.Aim)}): {(trial.Reached ? trial.Outcome : "")}{(trial.Reached ? "" : trial.Outcome.ToUpperInvariant())}");
            foreach (var step in trial.Steps)
                Line(step.Layer, step.Where, step.Text, step.State);
            if (hops)
                Hops(trial);
        }

        Findings(explanation.Findings);
        AnsiConsole.MarkupLineInterpolated($"[grey]sources used: {string.Join(", ", explanation.Used)}{(explanation.Missing.Count == 0 ? "" : $"; not used: {string.Join(", ", explanation.Missing)}")}[/]");
        if (explanation.Healthy)
            AnsiConsole.MarkupLine("[green]no fault[/]");
    }

    /// <summary>Findings as they stand under an explanation or alone.</summary>
    internal static void Findings(IEnumerable<Finding> findings)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 1000;
        foreach (var finding in findings)
        {
            var colour = finding.Kind.Severity switch { Severity.Error => "red", Severity.Warning => "yellow", _ => "grey" };
            AnsiConsole.MarkupLine($"[{colour}]{finding.Kind.Id} {finding.Kind.Severity.ToString().ToLowerInvariant()}[/] [bold]{Markup.Escape(finding.Where)}[/] ({finding.Kind.Component}): {Markup.Escape(finding.Text)}");
            AnsiConsole.MarkupLineInterpolated($"  fix: {finding.Fix}");
            if (finding.Look is { } look)
                AnsiConsole.MarkupLineInterpolated($"  look: {look}");
        }
    }

    internal static JsonObject Json(Explanation explanation) => new()
    {
        ["from"] = explanation.Question.From.Name,
        ["question"] = explanation.Question.Text,
        ["healthy"] = explanation.Healthy,
        ["dns"] = explanation.Question.Name is { } name ? new JsonObject
        {
            ["name"] = name.Name, ["server"] = name.Server?.ToString(), ["addresses"] = new JsonArray(name.Addresses.Select(address => (JsonNode)address.ToString()).ToArray()), ["text"] = name.Text,
        } : null,
        ["trials"] = new JsonArray(explanation.Trials.Select(trial => (JsonNode)new JsonObject
        {
            ["to"] = trial.Aim.Label, ["address"] = Target(trial.Aim), ["protocol"] = trial.Aim.Protocol.ToString().ToLowerInvariant(), ["reached"] = trial.Reached, ["outcome"] = trial.Outcome,
            ["steps"] = new JsonArray(trial.Steps.Select(step => (JsonNode)new JsonObject
            {
                ["layer"] = step.Layer, ["where"] = step.Where, ["text"] = step.Text, ["state"] = step.State.ToString().ToLowerInvariant(),
            }).ToArray()),
            ["hops"] = new JsonArray(trial.Hops.Select(HopJson).ToArray()),
        }).ToArray()),
        ["findings"] = FindingsJson(explanation.Findings),
        ["sources"] = new JsonObject { ["used"] = Texts(explanation.Used), ["missing"] = Texts(explanation.Missing) },
    };

    internal static JsonArray FindingsJson(IEnumerable<Finding> findings) => new(findings.Select(finding => (JsonNode)new JsonObject
    {
        ["code"] = finding.Kind.Id, ["severity"] = finding.Kind.Severity.ToString().ToLowerInvariant(), ["component"] = finding.Kind.Component, ["title"] = finding.Kind.Title,
        ["where"] = finding.Where, ["object"] = finding.Object, ["text"] = finding.Text, ["fix"] = finding.Fix, ["look"] = finding.Look,
    }).ToArray());

    private static JsonNode HopJson(Hop hop) => new JsonObject
    {
        ["microseconds"] = Math.Round(hop.After.TotalMicroseconds, 1), ["leg"] = hop.Seen.Leg.ToString().ToLowerInvariant(), ["place"] = hop.Seen.Place, ["device"] = hop.Seen.Device,
        ["event"] = hop.Seen.Kind.ToString().ToLowerInvariant(), ["source"] = hop.Seen.Headers.Source.ToString(), ["destination"] = hop.Seen.Headers.Destination.ToString(),
        ["vni"] = hop.Seen.Headers.Tunnel is { } tunnel ? tunnel.Vni : null, ["reason"] = hop.Seen.Reason, ["function"] = hop.Seen.Function,
    };

    private static void Hops(Trial trial)
    {
        foreach (var (after, seen) in trial.Hops)
        {
            var arrow = seen.Kind switch { PacketEventKind.Sent => "T", PacketEventKind.Received => "R", _ => "X" };
            var text = $"    {after.TotalMicroseconds.ToString("0", CultureInfo.InvariantCulture),7} us {seen.Leg.ToString().ToLowerInvariant(),-7} {arrow} {seen.Place}:{(seen.Device.Length > 0 ? seen.Device : "-")}  {seen.Headers.Source} > {seen.Headers.Destination}"
                + (seen.Headers.Tunnel is { } tunnel ? $"  in VXLAN {tunnel.Vni} {tunnel.Source} > {tunnel.Destination}" : "") + (seen.Reason is null ? "" : $"  {seen.Reason} in {seen.Function}");
            AnsiConsole.MarkupLineInterpolated($"[grey]{text}[/]");
        }
    }

    private static void Line(string layer, string where, string text, StepState state)
    {
        var (mark, colour) = state switch { StepState.Good => ("ok", "green"), StepState.Bad => ("FAIL", "red"), _ => ("-", "grey") };
        AnsiConsole.MarkupLine($"  [{colour}]{mark,-4}[/] {layer,-7} {Markup.Escape(where),-24} {Markup.Escape(text)}");
    }

    private static string Target(Aim aim) => aim.Target.Port > 0 ? aim.Target.ToString() : aim.Target.Address.ToString();

    private static JsonArray Texts(IEnumerable<string> texts) => new(texts.Select(text => (JsonNode)text).ToArray());
}
