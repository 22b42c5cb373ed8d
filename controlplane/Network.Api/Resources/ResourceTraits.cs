namespace Network.Api.Resources;

[Flags]
public enum ResourceTraits
{
    None = 0,
    Namespaced = 1,

    /// <summary>Has a status subresource; the main endpoint ignores status.</summary>
    Status = 2,

    /// <summary>metadata.generation counts spec changes.</summary>
    Generation = 4,

    /// <summary>PUT to a missing name creates it.</summary>
    CreateOnUpdate = 8,

    /// <summary>PUT without a resourceVersion is refused (422).</summary>
    NeedsResourceVersion = 16,

    /// <summary>DELETE answers the deleted object instead of a Status.</summary>
    ReturnsDeleted = 32,

    /// <summary>Nothing is stored and a handler of its own answers; only POST (reviews, bindings) unless <see cref="ReadOnly"/>.</summary>
    CreateOnly = 64,

    /// <summary>No deletecollection (namespaces).</summary>
    NoDeleteCollection = 128,

    /// <summary>DELETE without a policy orphans dependents (raw batch/v1 jobs).</summary>
    OrphansByDefault = 256,

    /// <summary>Only get and list, of something that is computed.</summary>
    ReadOnly = 512,
}
