using k8s.Models;

namespace Network.Scheduler.Rules;

/// <summary>Host ports: one owner per node, protocol and address; 0.0.0.0 collides with every address.</summary>
internal sealed class NodePorts : IFilter
{
    public IEnumerable<string> Reasons(V1Pod pod, NodeInfo node)
    {
        var wanted = PortsOf(pod).ToList();
        if (wanted.Count > 0 && node.Pods.SelectMany(PortsOf).Any(taken => wanted.Any(want => Collide(want, taken))))
            yield return "node(s) didn't have free ports for the requested pod ports";
    }

    private static IEnumerable<(int Port, string Protocol, string Address)> PortsOf(V1Pod pod) =>
        from container in pod.Spec.Containers ?? []
        from port in container.Ports ?? []
        where port.HostPort > 0
        select (port.HostPort!.Value, port.Protocol ?? "TCP", string.IsNullOrEmpty(port.HostIP) ? "0.0.0.0" : port.HostIP);

    private static bool Collide((int Port, string Protocol, string Address) a, (int Port, string Protocol, string Address) b) =>
        a.Port == b.Port && a.Protocol == b.Protocol && (a.Address == b.Address || a.Address == "0.0.0.0" || b.Address == "0.0.0.0");
}
