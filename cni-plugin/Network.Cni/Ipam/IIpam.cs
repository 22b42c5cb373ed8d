using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>Address management: our own in this process, or another plugin's program.</summary>
internal interface IIpam
{
    IpamAnswer Acquire(Attachment attachment);

    /// <summary>Nothing to release is not an error.</summary>
    void Release(Attachment attachment);

    /// <summary>Refuses when the attachment's addresses are not reserved.</summary>
    /// <returns>The addresses; null when only the other program knows them.</returns>
    IReadOnlyList<Ip>? Check(Attachment attachment, ConfigObject previous);

    /// <summary>Frees what belongs to no valid attachment.</summary>
    /// <param name="remove">Called for each stale attachment that is known by name, before its addresses are freed.</param>
    void Collect(HashSet<(string ContainerId, string IfName)> valid, Action<Attachment> remove);

    /// <summary>Refuses when no pod could get addresses.</summary>
    void RequireFree();
}
