namespace Network.Cni.Types.Portmap;

/// <summary>A kernel rule set that can translate ports.</summary>
internal interface IPortBackend
{
    void Set(PodPorts ports);

    /// <summary>Removes whatever carries the key.</summary>
    void Remove(string key);

    /// <returns>What is missing; null when everything is there.</returns>
    string? Missing(PodPorts ports);
}
