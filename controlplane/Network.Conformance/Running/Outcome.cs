namespace Network.Conformance.Running;

/// <summary>How a scenario ended with one client.</summary>
public enum Verdict
{
    Pass,
    Fail,
    NotSupported,
    NotApplicable,
    NeedsNode,
}

/// <summary>The verdict, with the reason of everything but a pass.</summary>
public sealed record Outcome(Verdict Verdict, string Reason, TimeSpan Took);

/// <summary>A row of the table: a scenario with its outcomes, in the order of the clients.</summary>
public sealed record ResultRow(Scenario Scenario, IReadOnlyList<Outcome> Outcomes);
