namespace Network.Kubelet.Pods;

internal enum ContainerCondition
{
    /// <summary>Never started in this sandbox.</summary>
    New,
    Running,
    Exited,
}

/// <summary>What the plan needs to know about one container; a value, so that decisions can be tested without any container.</summary>
internal sealed record ContainerView(ContainerCondition Condition)
{
    internal static readonly ContainerView Fresh = new(ContainerCondition.New);

    internal int ExitCode { get; init; }
    /// <summary>Startup probe passed, or there is none.</summary>
    internal bool Started { get; init; }
    /// <summary>When back-off allows the next start.</summary>
    internal DateTimeOffset ReadyAt { get; init; }
}
