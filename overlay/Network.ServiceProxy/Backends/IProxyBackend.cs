using Network.ServiceProxy.Model;

namespace Network.ServiceProxy.Backends;

/// <summary>What a pass is to bring to the kernel.</summary>
/// <param name="All">Every service port, by key.</param>
/// <param name="Changed">Keys of those that are new, changed or gone since the last pass that succeeded; null for all.</param>
internal sealed record ProxyPass(IReadOnlyDictionary<string, ServicePort> All, IReadOnlyCollection<string>? Changed);

/// <summary>A way to write service rules. One pass at a time; a pass that throws has left the last good rules.</summary>
internal interface IProxyBackend : IDisposable
{
    ProxyMode Mode { get; }

    /// <summary>Rules or elements that the last pass wrote.</summary>
    int Written { get; }

    /// <summary>Rules or elements in the kernel.</summary>
    int Total { get; }

    /// <summary>Service ports that are not in the kernel as they should be, and why. They keep no others from theirs.</summary>
    IEnumerable<KeyValuePair<string, string>> Refused { get; }

    Task ProgramAsync(ProxyPass pass, CancellationToken cancel);

    /// <summary>The kernel tells of every change; else the rules have to be looked at from time to time.</summary>
    bool TellsOfChanges { get; }

    /// <summary>Whether a commit that was told is somebody else's; 0 asks for any that was missed.</summary>
    bool IsForeign(uint generation);

    /// <summary>False when somebody changed our rules; the next pass repairs them.</summary>
    Task<bool> IsIntactAsync(CancellationToken cancel);

    /// <summary>Nothing is known of the kernel's rules any more; the next pass reads or writes all.</summary>
    void Forget();

    /// <summary>Takes every rule of this kind away.</summary>
    Task RemoveAsync(CancellationToken cancel);
}
