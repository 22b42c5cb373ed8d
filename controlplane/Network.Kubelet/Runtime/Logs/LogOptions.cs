namespace Network.Kubelet.Runtime.Logs;

/// <summary>Which part of a log is wanted (the query of <c>pods/log</c>).</summary>
internal sealed record LogOptions
{
    internal bool Follow { get; init; }
    internal bool Timestamps { get; init; }
    internal long? TailLines { get; init; }
    internal long? LimitBytes { get; init; }
    internal DateTimeOffset? Since { get; init; }
    /// <summary>Only <c>stdout</c> or <c>stderr</c>; null gives both.</summary>
    internal string? Stream { get; init; }
}
