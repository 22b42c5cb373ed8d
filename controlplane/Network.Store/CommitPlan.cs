namespace Network.Store;

/// <summary>
/// What a group of queued writes comes to: which succeed, with which revisions. Pure, so that two writers of the same key
/// in one group are decided by the same rule as in two groups.
/// </summary>
internal sealed record CommitPlan(IReadOnlyList<PlannedChange> Changes, IReadOnlyList<(Write Write, StoreEntry? Answer)> Answers)
{
    internal static CommitPlan For(IReadOnlyList<Write> group, Func<string, StoreEntry?> latest, long revision, long now)
    {
        var changes = new List<PlannedChange>(group.Count);
        var answers = new List<(Write, StoreEntry?)>(group.Count);
        var changed = new Dictionary<string, StoreEntry?>(StringComparer.Ordinal);
        foreach (var write in group)
        {
            var current = changed.TryGetValue(write.Key, out var inGroup) ? inGroup : latest(write.Key);
            if ((current?.ModRevision ?? 0) != write.ExpectedModRevision || (write.IsDelete && current is null))
            {
                answers.Add((write, null));
                continue;
            }

            revision++;
            var entry = write.IsDelete
                ? current! with { ModRevision = revision }
                : new StoreEntry(write.Key, write.Value, current?.CreateRevision ?? revision, revision);
            changed[write.Key] = write.IsDelete ? null : entry;
            var type = write.IsDelete ? StoreEventType.Delete : StoreEventType.Put;
            var expires = write.Ttl is { } ttl ? now + (long)ttl.TotalMilliseconds : 0;
            changes.Add(new PlannedChange(new StoreEvent(type, entry, current), expires, now));
            answers.Add((write, entry));
        }

        return new CommitPlan(changes, answers);
    }
}

/// <summary>A change that is to become durable. Times are Unix milliseconds; ExpiresAt 0 means never.</summary>
internal sealed record PlannedChange(StoreEvent Change, long ExpiresAt, long WrittenAt);
