namespace Network.Store;

/// <summary>What a store holds in memory.</summary>
public readonly record struct StoreSize(int Keys, long HistoryBytes, int Watchers, long Revision, long OldestRevision);
