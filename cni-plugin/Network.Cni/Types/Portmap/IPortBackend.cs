namespace Network.Cni.Types.Portmap;

/// <summary>A kernel rule set that can translate ports.</summary>
internal interface IPortBackend
{
    /// <summary>As in field backend, and in the file that remembers a pod's ports.</summary>
    string Name { get; }

    void Set(PodPorts ports);

    /// <summary>Removes whatever carries the key.</summary>
    void Remove(string key);

    /// <returns>What is missing; null when everything is there.</returns>
    string? Missing(PodPorts ports);
}
