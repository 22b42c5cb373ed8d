using System.Net;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>What pods were told of whom to ask for names.</summary>
internal sealed class ResolverAnalyzer : IAnalyzer
{
    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var pod in view.NetworkedPods.Where(pod => pod.Resolver is not null))
        {
            foreach (var server in Servers(pod.Resolver!).Where(IPAddress.IsLoopback))
                yield return new Finding(Kinds.ResolverLoopback, pod.Id, $"{pod.Id} resolv.conf", $"{pod.Id} asks {server} for names: a loopback address, which in a pod is the pod itself",
                    "the node's own resolv.conf was copied: use dnsPolicy ClusterFirst, or give the kubelet a --resolv-conf that names a server outside") { Needs = [pod.Id, "dns"], Look = $"kubectl exec -n {pod.Namespace} {pod.Name} -- cat /etc/resolv.conf" };
        }
    }

    private static IEnumerable<IPAddress> Servers(string text) => text.Split('\n').Select(line => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words is ["nameserver", _, ..]).Select(words => IPAddress.TryParse(words[1], out var address) ? address : null).OfType<IPAddress>();
}
