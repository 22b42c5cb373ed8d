namespace Network.Diagnosis.Findings;

/// <summary>Every kind of fault there is a number for. Numbers are kept for ever; hundreds tell the layer.</summary>
public static class Kinds
{
    // Objects and control plane.
    public static readonly FindingKind NoSelectorMatch = new("NET101", Severity.Error, "service", "no pod has the labels of the service's selector");
    public static readonly FindingKind NoReadyEndpoint = new("NET102", Severity.Error, "service", "no pod behind the service is ready");
    public static readonly FindingKind NoNamedPort = new("NET103", Severity.Error, "service", "the pods have no port of the name the service sends to");
    public static readonly FindingKind NoListener = new("NET104", Severity.Error, "pod", "no program listens on the port");
    public static readonly FindingKind Unscheduled = new("NET105", Severity.Error, "scheduler", "the pod has no node");
    public static readonly FindingKind NotRunning = new("NET106", Severity.Error, "kubelet", "the pod does not run");
    public static readonly FindingKind NodeNotReady = new("NET107", Severity.Error, "kubelet", "the node is not ready");
    public static readonly FindingKind NodePressure = new("NET108", Severity.Warning, "kubelet", "the node is short of something");
    public static readonly FindingKind ApiUnreachable = new("NET110", Severity.Error, "apiserver", "the API server does not answer");
    public static readonly FindingKind SchedulerDown = new("NET111", Severity.Error, "scheduler", "no scheduler runs");
    public static readonly FindingKind ControllersDown = new("NET112", Severity.Error, "controllers", "no controllers run");
    public static readonly FindingKind KubeletDown = new("NET113", Severity.Warning, "kubelet", "the node's kubelet does not run");
    public static readonly FindingKind CertificateExpired = new("NET114", Severity.Error, "pki", "a certificate is not valid now");
    public static readonly FindingKind CertificateEnds = new("NET115", Severity.Warning, "pki", "a certificate ends soon");
    public static readonly FindingKind EndpointStale = new("NET116", Severity.Error, "controllers", "the service's endpoints are not the addresses of its pods");

    // Names.
    public static readonly FindingKind ResolverLoopback = new("NET201", Severity.Error, "kubelet", "the pod's resolver is a loopback address");
    public static readonly FindingKind ResolverSilent = new("NET202", Severity.Error, "dns", "the pod's DNS server does not answer");
    public static readonly FindingKind NameUnknown = new("NET203", Severity.Error, "dns", "the name does not exist");
    public static readonly FindingKind NameAmplified = new("NET204", Severity.Warning, "dns", "one lookup asks many names");
    public static readonly FindingKind DnsDown = new("NET206", Severity.Error, "dns", "the node's DNS server does not run");
    public static readonly FindingKind NameWrong = new("NET207", Severity.Error, "dns", "the name has another address than the service");

    // Service proxy.
    public static readonly FindingKind RulesMissing = new("NET301", Severity.Error, "proxy", "the node has no rules for the service");
    public static readonly FindingKind RulesDiffer = new("NET302", Severity.Error, "proxy", "the rules send to other endpoints than there are");
    public static readonly FindingKind NoLocalEndpoint = new("NET303", Severity.Error, "service", "a policy of Local, and no endpoint on this node");
    public static readonly FindingKind StaleConnection = new("NET304", Severity.Error, "proxy", "a tracked connection leads to a pod that is gone");
    public static readonly FindingKind HairpinOff = new("NET305", Severity.Error, "cni", "the bridge does not send back to the pod where a packet came from");
    public static readonly FindingKind BridgeNetfilterOff = new("NET306", Severity.Error, "cni", "answers between pods of one node pass the rules by");
    public static readonly FindingKind MasqueradeMissing = new("NET307", Severity.Error, "overlay", "pods leave the cluster with their own address");
    public static readonly FindingKind ProxyDown = new("NET308", Severity.Warning, "proxy", "the node's service proxy does not run");
    public static readonly FindingKind NoSuchService = new("NET309", Severity.Error, "service", "nobody has this service address");

    // Overlay.
    public static readonly FindingKind VniDiffers = new("NET401", Severity.Error, "overlay", "nodes use different VXLAN networks");
    public static readonly FindingKind PortDiffers = new("NET402", Severity.Error, "overlay", "nodes use different VXLAN ports");
    public static readonly FindingKind ForwardingStale = new("NET403", Severity.Error, "overlay", "the forwarding entry of a peer leads to a wrong node address");
    public static readonly FindingKind ForwardingMissing = new("NET404", Severity.Error, "overlay", "the forwarding entry of a peer is missing");
    public static readonly FindingKind NeighbourMissing = new("NET405", Severity.Error, "overlay", "the neighbour entry of a peer is missing");
    public static readonly FindingKind NeighbourStale = new("NET406", Severity.Error, "overlay", "the neighbour entry of a peer has a wrong MAC");
    public static readonly FindingKind PodRouteMissing = new("NET407", Severity.Error, "overlay", "there is no route to a peer's pods");
    public static readonly FindingKind TunnelDown = new("NET408", Severity.Error, "overlay", "the tunnel device is missing or down");
    public static readonly FindingKind OverlayDown = new("NET409", Severity.Warning, "overlay", "the node's overlay daemon does not run");
    public static readonly FindingKind TunnelMacShared = new("NET410", Severity.Error, "overlay", "two tunnels have one MAC");
    public static readonly FindingKind PodRangesOverlap = new("NET411", Severity.Error, "controllers", "pod ranges overlap");
    public static readonly FindingKind PodMtuTooLarge = new("NET412", Severity.Error, "overlay", "pods may send larger packets than the tunnel carries");
    public static readonly FindingKind OuterFragments = new("NET413", Severity.Warning, "overlay", "tunnel packets are larger than the way between the nodes carries");
    public static readonly FindingKind LargeLost = new("NET414", Severity.Error, "underlay", "small packets arrive, large ones do not");

    // Underlay.
    public static readonly FindingKind NoUnderlayRoute = new("NET501", Severity.Error, "underlay", "there is no way to the other node");
    public static readonly FindingKind LinkDown = new("NET502", Severity.Error, "underlay", "a link is down");
    public static readonly FindingKind LinkMtuDiffers = new("NET503", Severity.Error, "underlay", "the ends of a link have different MTUs");
    public static readonly FindingKind ForwardingOff = new("NET504", Severity.Error, "kernel", "the machine does not forward");
    public static readonly FindingKind ReversePath = new("NET505", Severity.Error, "kernel", "strict reverse path filtering on a way that is not symmetric");
    public static readonly FindingKind RouterCutOff = new("NET506", Severity.Error, "underlay", "a router has no BGP session left");
    public static readonly FindingKind SessionDown = new("NET507", Severity.Warning, "underlay", "a BGP session is down");

    // Pods' own networks.
    public static readonly FindingKind PodDeviceDown = new("NET601", Severity.Error, "cni", "the pod's device is missing or down");
    public static readonly FindingKind PodAddressShared = new("NET602", Severity.Error, "cni", "two pods have one address");
    public static readonly FindingKind PodNoRoute = new("NET603", Severity.Error, "cni", "the pod has no default route");
    public static readonly FindingKind PodAddressDiffers = new("NET604", Severity.Error, "cni", "the pod's address is not the one the API server has");

    // What the probe saw.
    public static readonly FindingKind Dropped = new("NET901", Severity.Error, "kernel", "the kernel dropped the probe");
    public static readonly FindingKind Lost = new("NET902", Severity.Error, "unknown", "the probe ended on its way and nobody says why");
    public static readonly FindingKind Refused = new("NET903", Severity.Error, "pod", "the connection was refused");
    public static readonly FindingKind ReplyLost = new("NET904", Severity.Error, "unknown", "the probe arrived, the answer did not");
    public static readonly FindingKind WrongAnswer = new("NET905", Severity.Error, "proxy", "the answer came from another address than was asked");

    /// <summary>All of them, by number.</summary>
    public static IReadOnlyList<FindingKind> All { get; } =
    [
        NoSelectorMatch, NoReadyEndpoint, NoNamedPort, NoListener, Unscheduled, NotRunning, NodeNotReady, NodePressure, ApiUnreachable, SchedulerDown, ControllersDown,
        KubeletDown, CertificateExpired, CertificateEnds, EndpointStale,
        ResolverLoopback, ResolverSilent, NameUnknown, NameAmplified, DnsDown, NameWrong,
        RulesMissing, RulesDiffer, NoLocalEndpoint, StaleConnection, HairpinOff, BridgeNetfilterOff, MasqueradeMissing, ProxyDown, NoSuchService,
        VniDiffers, PortDiffers, ForwardingStale, ForwardingMissing, NeighbourMissing, NeighbourStale, PodRouteMissing, TunnelDown, OverlayDown, TunnelMacShared,
        PodRangesOverlap, PodMtuTooLarge, OuterFragments, LargeLost,
        NoUnderlayRoute, LinkDown, LinkMtuDiffers, ForwardingOff, ReversePath, RouterCutOff, SessionDown,
        PodDeviceDown, PodAddressShared, PodNoRoute, PodAddressDiffers,
        Dropped, Lost, Refused, ReplyLost, WrongAnswer,
    ];
}
