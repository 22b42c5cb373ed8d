using System.Net;
using k8s.Models;
using Network.Client;
using Network.Diagnosis.Facts;
using Network.Host.Dns;
using Network.Host.Overlay;
using Network.Host.Proxy;

namespace Network.Host.Diagnosis;

/// <summary>Reads what is wanted from the API server, as records that the diagnosis understands.</summary>
public static class ClusterReader
{
    /// <summary>An API server that does not answer in time is a finding, not an error: the view says why and holds nothing of it.</summary>
    public static async Task<ClusterView> ReadAsync(ApiClient client, TimeSpan patience, TimeProvider time, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try
        {
            var nodes = client.ListAsync(Resources.Nodes, ListQuery.All, limit.Token);
            var pods = client.ListAsync(Resources.Pods, ListQuery.All, limit.Token);
            var services = client.ListAsync(Resources.Services, ListQuery.All, limit.Token);
            var slices = client.ListAsync(Resources.EndpointSlices, ListQuery.All, limit.Token);
            await Task.WhenAll(nodes, pods, services, slices).ConfigureAwait(false);
            return new ClusterView
            {
                Now = time.GetUtcNow(),
                Nodes = (await nodes.ConfigureAwait(false)).Items.Select(Node).ToList(),
                Pods = (await pods.ConfigureAwait(false)).Items.Select(Pod).ToList(),
                Services = Services((await services.ConfigureAwait(false)).Items, (await slices.ConfigureAwait(false)).Items, (await nodes.ConfigureAwait(false)).Items),
            };
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new ClusterView { Now = time.GetUtcNow(), ApiFault = e is OperationCanceledException ? $"nothing within {patience.TotalSeconds:0.#} s" : e.GetBaseException().Message };
        }
    }

    /// <summary>What the rules of a node do with services.</summary>
    /// <param name="from">Who sends; null for some pod.</param>
    public static async Task<IReadOnlyList<ServiceProxy.Explain.ServiceExplanation>> RulesAsync(ClusterView view, string node, string netNs, IEnumerable<ServiceFacts> services, IPAddress? from, CancellationToken cancel)
    {
        var facts = view.Nodes.FirstOrDefault(known => known.Name == node);
        var settings = new ServiceProxy.ProxySettings(node)
        {
            NetNs = netNs, NodeAddresses = facts?.Address is { } own ? [own] : [], ClusterCidr = facts?.PodCidrs is [var range, ..] ? range : null,
        };
        return await ServiceProxy.Explain.ServiceExplanation.ReadAsync(services.SelectMany(service => service.PortsAt(node)).ToList(), settings, from, cancel).ConfigureAwait(false);
    }

    // Conditions that are bad news when they are true; others (of overlays, of node problem detectors) may be good ones.
    private static readonly string[] s_pressures = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"];

    private static NodeFacts Node(V1Node node)
    {
        var conditions = node.Status?.Conditions ?? [];
        var ready = conditions.FirstOrDefault(condition => condition.Type == "Ready");
        return new NodeFacts(node.Metadata.Name)
        {
            Address = (node.Status?.Addresses ?? []).Where(address => address.Type == "InternalIP").Select(address => IPAddress.TryParse(address.Address, out var parsed) ? parsed : null).FirstOrDefault(),
            PodCidrs = FlannelAnnotations.TryPodCidrs(node, out var cidrs, out _) ? cidrs.Present.ToList() : [],
            Ready = ready?.Status == "True",
            Complaints = conditions.Where(condition => condition.Type == "Ready" ? condition.Status != "True" : condition.Status == "True" && s_pressures.Contains(condition.Type))
                .Select(condition => $"{condition.Type}: {condition.Message ?? condition.Reason}").DefaultIfEmpty(ready is null ? "no kubelet has reported" : "").Where(text => text.Length > 0).ToList(),
            Tunnel = Tunnel(node),
        };
    }

    private static PublishedEnd? Tunnel(V1Node node)
    {
        var (address, vni) = FlannelAnnotations.Tunnel(node);
        return address is null ? null : new PublishedEnd(address, FlannelAnnotations.Macs(node).V4, vni);
    }

    private static PodFacts Pod(V1Pod pod) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name)
    {
        Node = pod.Spec.NodeName ?? "",
        HostNetwork = pod.Spec.HostNetwork == true,
        Addresses = (pod.Status?.PodIPs?.Select(ip => ip.Ip) ?? (pod.Status?.PodIP is { } one ? [one] : [])).Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().ToList(),
        Phase = pod.Status?.Phase ?? "Pending",
        Ready = pod.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true,
        Terminating = pod.Metadata.DeletionTimestamp is not null,
        Waiting = Waiting(pod),
        Labels = (pod.Metadata.Labels ?? new Dictionary<string, string>()).ToDictionary(),
        PortNames = pod.Spec.Containers.SelectMany(container => container.Ports ?? []).Select(port => port.Name).Where(name => !string.IsNullOrEmpty(name)).ToList(),
    };

    private static string? Waiting(V1Pod pod)
    {
        if (string.IsNullOrEmpty(pod.Spec.NodeName))
            return pod.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" })?.Message;
        // A container that is being made is on its way; one that waits for another reason has a fault.
        return (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? [])
            .Select(status => status.State?.Waiting is { Reason: not (null or "ContainerCreating" or "PodInitializing") } waiting ? $"{waiting.Reason}{(waiting.Message is null ? "" : $": {waiting.Message}")}" : null)
            .FirstOrDefault(text => text is not null);
    }

    private static List<ServiceFacts> Services(IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices, IEnumerable<V1Node> nodes)
    {
        var byService = slices.Where(slice => DnsAdapter.ServiceKey(slice) is not null).ToLookup(slice => DnsAdapter.ServiceKey(slice)!);
        var zones = nodes.ToDictionary(node => node.Metadata.Name, node => node.Metadata.Labels?.TryGetValue("topology.kubernetes.io/zone", out var zone) == true ? zone : null);
        return services.Select(service =>
        {
            var own = byService[$"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}"].ToList();
            return new ServiceFacts(service.Metadata.NamespaceProperty, service.Metadata.Name)
            {
                Type = service.Spec.Type ?? "ClusterIP",
                Headless = service.Spec.ClusterIP == "None",
                ExternalName = service.Spec.Type == "ExternalName" ? service.Spec.ExternalName : null,
                Selector = service.Spec.Selector?.ToDictionary(),
                NamedTargets = (service.Spec.Ports ?? []).Select(port => port.TargetPort?.Value).Where(target => target is not null && !int.TryParse(target, out _)).Select(target => target!).ToList(),
                PortsAt = node => ProxyAdapter.ToPorts(service, own, new ProxyPlace(node, zones.GetValueOrDefault(node))).ToList(),
            };
        }).ToList();
    }
}
