namespace Network.Store;

/// <summary>Bounds of what a store keeps beside the latest state.</summary>
public sealed record StoreSettings
{
    /// <summary>History for watches that resume, in bytes of keys and values held in memory and on disk.</summary>
    public long MaxHistoryBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>History older than this is compacted even when there is room.</summary>
    public TimeSpan MaxHistoryAge { get; init; } = TimeSpan.FromMinutes(10);
}
