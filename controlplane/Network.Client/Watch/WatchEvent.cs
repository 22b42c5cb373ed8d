namespace Network.Client;

public enum WatchKind
{
    Added,
    Modified,
    Deleted,
    Bookmark,
}

/// <summary>One line of a watch. A bookmark has no object, only the revision up to which nothing was missed.</summary>
public sealed record WatchEvent<T>(WatchKind Kind, T? Object, string? Bookmark);

/// <summary>A change an informer saw. Old is null for a new object, New is null for a deleted one.</summary>
public sealed record Change<T>(T? Old, T? New)
    where T : class
{
    /// <summary>The object after the change, or the last state of a deleted one.</summary>
    public T Object => New ?? Old!;

    public bool IsDelete => New is null;
}
