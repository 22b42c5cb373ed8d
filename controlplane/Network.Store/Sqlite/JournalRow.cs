namespace Network.Store.Sqlite;

/// <summary>A change as it stands in the file. Times are Unix milliseconds; ExpiresAt 0 means never.</summary>
internal readonly record struct JournalRow(
    long Revision, string Key, bool Deleted, long CreateRevision, long PreviousRevision, long ExpiresAt, long WrittenAt, byte[] Value)
{
    internal StoreEntry Entry => new(Key, Value, CreateRevision, Revision);

    internal static JournalRow Of(PlannedChange planned)
    {
        var entry = planned.Change.Entry;
        // Almost always the whole array of its value, which then needs no copy.
        var value = System.Runtime.InteropServices.MemoryMarshal.TryGetArray(entry.Value, out var segment) && segment.Array is { } array
            && segment.Offset == 0 && segment.Count == array.Length ? array : entry.Value.ToArray();
        return new JournalRow(entry.ModRevision, entry.Key, planned.Change.Type == StoreEventType.Delete, entry.CreateRevision,
            planned.Change.Previous?.ModRevision ?? 0, planned.ExpiresAt, planned.WrittenAt, value);
    }
}
