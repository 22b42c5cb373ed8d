using k8s.Models;

namespace Network.Controllers.GarbageCollection;

/// <summary>What the owners of an object mean for its life.</summary>
/// <param name="Solid">Owners that stay: while there is one, so does the object.</param>
/// <param name="Gone">Owners that are no more.</param>
/// <param name="Waiting">Owners that are deleted in the foreground and wait for this object.</param>
internal sealed record OwnerJudgement(IReadOnlyList<V1OwnerReference> Solid, IReadOnlyList<V1OwnerReference> Gone, IReadOnlyList<V1OwnerReference> Waiting)
{
    internal Verdict Verdict => (Solid.Count, Gone.Count, Waiting.Count) switch
    {
        ( > 0, 0, 0) => Verdict.Keep,
        ( > 0, _, _) => Verdict.DropReferences,
        (_, _, > 0) => Verdict.DeleteWithOwner,
        _ => Verdict.Delete,
    };
}

/// <summary>What is to be done about an object because of its owners.</summary>
internal enum Verdict
{
    Keep,

    /// <summary>It stays, without the references to owners that are gone or wait for it.</summary>
    DropReferences,

    /// <summary>It goes, in the foreground when others hang on it, because an owner waits.</summary>
    DeleteWithOwner,

    Delete,
}
