namespace Network.Host.Dns.HostSetup;

/// <summary>What a report is about.</summary>
public enum HostSetupEvent
{
    /// <summary>What would be done (dry run).</summary>
    Planned,

    /// <summary>The link has what it should have; <see cref="HostSetupReport.Changes"/> says what was not so before.</summary>
    Set,

    /// <summary>Settings cannot be held for a while; the reason is in the warnings.</summary>
    Waiting,

    /// <summary>The link is as it was before.</summary>
    Reverted,
}

/// <summary>One thing that happened, for a person or as JSON.</summary>
public sealed record HostSetupReport(HostSetupEvent Event)
{
    public string Link { get; init; } = "";

    public int Index { get; init; }

    /// <summary>Servers in force, the preferred one first.</summary>
    public IReadOnlyList<string> Servers { get; init; } = [];

    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Calls made, or to be made, in their order.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    public IReadOnlyList<string> Warnings { get; init; } = [];
}
