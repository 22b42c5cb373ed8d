using k8s.Models;

namespace Network.Kubelet.Probes;

/// <summary>Where a probe or hook goes: the pod's address and the container's named ports.</summary>
internal sealed record ProbeTarget(string Address, V1Container Container, Func<IReadOnlyList<string>, TimeSpan, CancellationToken, Task<(int Code, string Output)>> Exec)
{
    /// <exception cref="InvalidDataException">The named port does not exist.</exception>
    internal int Port(IntOrString port)
    {
        if (int.TryParse(port.Value, out var number))
            return number;
        return Container.Ports?.FirstOrDefault(candidate => candidate.Name == port.Value)?.ContainerPort
            ?? throw new InvalidDataException($"container {Container.Name} has no port named \"{port.Value}\"");
    }
}
