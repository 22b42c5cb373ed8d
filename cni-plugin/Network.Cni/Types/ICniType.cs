using Network.Cni.Protocol;

namespace Network.Cni.Types;

/// <summary>One kind of plugin: what its commands do. Everything about an invocation that was validated is in the request.</summary>
internal interface ICniType
{
    /// <returns>The result to print.</returns>
    ReadOnlyMemory<byte> Add(Attachment attachment);

    /// <summary>Works without namespace and without an earlier result, and is content when there is nothing.</summary>
    void Delete(Attachment attachment);

    void Check(Attachment attachment);

    /// <summary>GC: removes what belongs to no valid attachment; what pods share stays.</summary>
    void Collect(HashSet<(string ContainerId, string IfName)> valid);

    /// <summary>Refuses when ADD could not succeed now.</summary>
    void Status();
}
