using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;
using Network.ServiceProxy.Model;

namespace Network.Diagnosis.Explain;

/// <summary>Somebody asked about something that is not there; the text says what there is.</summary>
public sealed class QuestionException(string message) : Exception(message);

/// <summary>
/// Reads who asks for whom: <c>pod/[NS/]NAME</c> or <c>node/NAME</c>, and one of those, <c>svc/[NS/]NAME</c>, an address or a name,
/// with or without <c>:PORT</c>.
/// </summary>
public sealed class QuestionReader(ClusterView view, Func<string, Origin, CancellationToken, Task<NameStep>> lookup)
{
    /// <summary>A service of hundreds of endpoints is not asked whole.</summary>
    private const int MostEndpoints = 8;

    /// <param name="protocol">Null to choose: a service's own, TCP with a port, ICMP without.</param>
    public async Task<Question> ReadAsync(string from, string to, ProtocolType? protocol, CancellationToken cancel)
    {
        var origin = OriginOf(from);
        var text = $"{origin.Name} {to}";
        var (target, port) = SplitPort(to);
        return target.Split('/') switch
        {
            ["svc" or "service", .. var name] => await ServiceAsync(origin, Service(name, origin), port, text, cancel).ConfigureAwait(false),
            ["pod", .. var name] => ToPod(origin, Pod(name), Number(port, to), protocol, text),
            ["node", var name] => new Question(origin, [Aim(AddressOf(name), Number(port, to), protocol, $"node/{name}")]) { Text = text },
            [var name] when IPAddress.TryParse(name.Trim('[', ']'), out var address) => ToAddress(origin, address, Number(port, to), protocol, text),
            [var name] => await ToNameAsync(origin, name, Number(port, to), protocol, text, cancel).ConfigureAwait(false),
            _ => throw new QuestionException($"\"{to}\" is nothing to reach; write pod/NAME:PORT, svc/NAME:PORT, node/NAME, an address or a name"),
        };
    }

    public Origin OriginOf(string from)
    {
        switch (from.Split('/'))
        {
            case ["node", var name]:
                return new Origin(null, view.MachineOf(name) ?? throw new QuestionException($"there is no node/{name}; there are {Known(view.Machines.Select(machine => machine.Name))}"));
            case ["pod", .. var name]:
                return OfPod(Pod(name));
            case [var name] when view.Pods.Any(pod => pod.Name == name):
                return OfPod(Pod([name]));
            default:
                throw new QuestionException($"\"{from}\" cannot send; write pod/NAME, pod/NAMESPACE/NAME or node/NAME");
        }
    }

    private Origin OfPod(PodFacts pod)
    {
        if (pod.Node.Length == 0)
            throw new QuestionException($"{pod.Id} has no node yet{(pod.Waiting is null ? "" : $" ({pod.Waiting})")}: nothing can be sent from it; podnet check says why");
        var machine = view.MachineOf(pod.Node) ?? throw new QuestionException($"the network of node {pod.Node}, where {pod.Id} runs, cannot be read from here");
        return pod is { HostNetwork: false, Network: null }
            ? throw new QuestionException($"{pod.Id} has no network{(pod.Waiting is null ? "" : $": {pod.Waiting}")}; podnet check says why")
            : new Origin(pod.HostNetwork ? null : pod, machine);
    }

    private PodFacts Pod(string[] name)
    {
        var found = view.Pods.Where(pod => name is [var only] ? pod.Name == only : name is [var ns, var own] && pod.Namespace == ns && pod.Name == own).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new QuestionException($"there is no pod/{string.Join('/', name)}; there are {Known(view.Pods.Select(pod => pod.Id))}"),
            _ => throw new QuestionException($"pod/{string.Join('/', name)} may be {string.Join(" or ", found.Select(pod => pod.Id))}; write one of them"),
        };
    }

    private ServiceFacts Service(string[] name, Origin origin)
    {
        var ns = name is [var given, _] ? given : origin.Pod?.Namespace ?? "default";
        return view.Services.FirstOrDefault(service => service.Namespace == ns && service.Name == name[^1])
            ?? throw new QuestionException($"there is no svc/{ns}/{name[^1]}; there are {Known(view.Services.Select(service => service.Id))}");
    }

    private IPAddress AddressOf(string node) => view.Nodes.FirstOrDefault(known => known.Name == node)?.Address
        ?? view.MachineOf(node)?.Addresses.FirstOrDefault(address => address.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address.Address) && address.PrefixLength < 32)?.Address
        ?? throw new QuestionException($"there is no node/{node}; there are {Known(view.Machines.Select(machine => machine.Name))}");

    private Question ToPod(Origin origin, PodFacts pod, int port, ProtocolType? protocol, string text)
    {
        return pod.Addresses is [var address, ..]
            ? new Question(origin, [Aim(address, port, protocol, pod.Id)]) { Text = text, Absent = pod.Waiting is null ? [] : [pod] }
            : new Question(origin, []) { Text = text, Absent = [pod] };
    }

    private Question ToAddress(Origin origin, IPAddress address, int port, ProtocolType? protocol, string text)
    {
        var isService = view.Services.Any(service => service.PortsAt(origin.Machine.Name).Any(known => known.ClusterIps.Contains(address)));
        return new Question(origin, [Aim(address, port, protocol, address.ToString()) with { IsService = isService }]) { Text = text };
    }

    private async Task<Question> ToNameAsync(Origin origin, string name, int port, ProtocolType? protocol, string text, CancellationToken cancel)
    {
        var step = await lookup(name, origin, cancel).ConfigureAwait(false);
        var aims = step.Addresses.Take(MostEndpoints).SelectMany(address => ToAddress(origin, address, port, protocol, text).Aims).ToList();
        return new Question(origin, aims) { Text = text, Name = step };
    }

    private async Task<Question> ServiceAsync(Origin origin, ServiceFacts service, string port, string text, CancellationToken cancel)
    {
        var name = service.Namespace == (origin.Pod?.Namespace ?? "default") ? service.Name : $"{service.Name}.{service.Namespace}";
        var step = origin.Pod is null ? null : await lookup(name, origin, cancel).ConfigureAwait(false);
        if (service.Headless || service.ExternalName is not null)
        {
            var number = port.Length == 0 ? 0 : Number(port, text);
            return new Question(origin, (step?.Addresses ?? []).Take(MostEndpoints).Select(address => Aim(address, number, null, address.ToString())).ToList())
            {
                Text = text, Service = service, Name = step, Absent = AbsentOf(service),
            };
        }

        var ports = service.PortsAt(origin.Machine.Name);
        var chosen = port.Length == 0 ? ports.Count > 0 ? ports[0] : null : ports.FirstOrDefault(known => known.PortName == port || known.Port.ToString(CultureInfo.InvariantCulture) == port);
        if (chosen is null)
            throw new QuestionException($"{service.Id} has no port {port}; it has {Known(ports.Select(known => known.PortName.Length > 0 ? $"{known.Port} ({known.PortName})" : $"{known.Port}"))}");
        return new Question(origin, AimsOf(service, chosen)) { Text = text, Service = service, Name = Checked(step, service, chosen), Absent = AbsentOf(service) };
    }

    private static List<Aim> AimsOf(ServiceFacts service, ServicePort port)
    {
        var protocol = port.Protocol switch
        {
            TransportProtocol.Tcp => ProtocolType.Tcp,
            TransportProtocol.Udp => ProtocolType.Udp,
            _ => throw new QuestionException($"port {port.Port} of {service.Id} is SCTP, which cannot be probed; podnet svc explain shows its rules"),
        };
        var fronts = port.ClusterIps.Take(1).Select(address => new Aim(new IPEndPoint(address, port.Port), protocol, service.Id, IsService: true));
        var ends = port.Endpoints.Where(endpoint => endpoint.Ready || (endpoint.Serving && endpoint.Terminating)).Take(MostEndpoints)
            .Select(endpoint => new Aim(new IPEndPoint(endpoint.Address, endpoint.Port), protocol, endpoint.Target.Length > 0 ? $"pod/{endpoint.Target}" : endpoint.Address.ToString()));
        return [.. fronts, .. ends];
    }

    private static NameStep? Checked(NameStep? step, ServiceFacts service, ServicePort port) =>
        step is null || step.Fault is not null || port.ClusterIps.Any(step.Addresses.Contains)
            ? step
            : step with
            {
                Fault = new Finding(Kinds.NameWrong, "cluster", service.Id, $"{step.Name} is {string.Join(", ", step.Addresses)}, but {service.Id} has {string.Join(", ", port.ClusterIps)}", "the DNS server's age: podnet resolve; does it see the API server?"),
            };

    private IReadOnlyList<PodFacts> AbsentOf(ServiceFacts service) => service.Selector is not { Count: > 0 } selector ? [] : view.Pods
        .Where(pod => pod.Namespace == service.Namespace && (pod.Node.Length == 0 || pod.Waiting is not null) && selector.All(pair => pod.Labels.TryGetValue(pair.Key, out var value) && value == pair.Value)).ToList();

    private static Aim Aim(IPAddress address, int port, ProtocolType? protocol, string label) =>
        new(new IPEndPoint(address, port), port == 0 ? ProtocolType.Icmp : protocol ?? ProtocolType.Tcp, label);

    private static (string Target, string Port) SplitPort(string text)
    {
        // The colons of a bare IPv6 address are its own.
        if (text.StartsWith('[') && text.LastIndexOf("]:", StringComparison.Ordinal) is > 0 and var end)
            return (text[..(end + 1)], text[(end + 2)..]);
        return text.Count(letter => letter == ':') == 1 && text.IndexOf(':') is var at ? (text[..at], text[(at + 1)..]) : (text, "");
    }

    private static int Number(string port, string text) => port.Length == 0 ? 0
        : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= ushort.MaxValue ? number
        : throw new QuestionException($"\"{text}\": port \"{port}\" is no number from 1 to 65535 (names of ports are a service's)");

    private static string Known(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal).Take(20)) is { Length: > 0 } text ? text : "none";
}
