using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Network.Client;
using Network.Diagnosis.Facts;
using Network.Host.Diagnosis;
using Network.Iptables;
using Network.Labs.Cluster;
using Network.Labs.Fabric;
using Network.Labs.Topology;
using Network.Linux;
using Network.Netlink.Netfilter;

namespace Network.Cli.Diagnosis;

/// <summary>What the rules and tracked connections are read for; reading them costs more than all the rest.</summary>
/// <param name="Nodes">Of which nodes; null for all.</param>
/// <param name="Services">Of which services; null for all.</param>
/// <param name="From">Who sends.</param>
/// <param name="Masquerade">Whether the rules towards the outside matter.</param>
internal sealed record RuleScope(IReadOnlyCollection<string>? Nodes, IReadOnlyCollection<ServiceFacts>? Services, IPAddress? From, bool Masquerade);

/// <summary>A lab cluster as the diagnosis looks at it: the API server, every namespace, processes, certificates.</summary>
internal sealed class LabView(ClusterPaths paths)
{
    private static readonly TimeSpan s_apiPatience = TimeSpan.FromSeconds(2);
    private readonly CaptureTargets _targets = new(paths);

    /// <summary>Everything but rules and connections.</summary>
    internal async Task<ClusterView> ReadAsync(CancellationToken cancel)
    {
        using var client = new ApiClient(ApiEndpoint.FromKubeconfig(paths.Kubeconfig) with { Component = "podnet-diagnosis" });
        var wanted = ClusterReader.ReadAsync(client, s_apiPatience, TimeProvider.System, cancel);
        var namespaces = _targets.Namespaces().ToList();
        var networks = await Task.WhenAll(namespaces.Select(place => Task.Run(() => TryRead(place.NetNs, place.Node, place.Pod), cancel))).ConfigureAwait(false);
        var machines = networks.OfType<MachineFacts>().Where(network => !network.Name.StartsWith("pod/", StringComparison.Ordinal)).ToList();
        var ofPods = networks.OfType<MachineFacts>().Except(machines).ToDictionary(network => network.Name);
        var resolvers = Resolvers();
        var sessions = await Task.WhenAll(_targets.Topology.Bgp.Select(router => SessionsAsync(router.Name, cancel))).ConfigureAwait(false);
        var view = await wanted.ConfigureAwait(false);
        var known = view.ApiFault is null ? view : WithoutApi(view, namespaces, machines, ofPods);
        return known with
        {
            Machines = machines,
            Pods = known.Pods.Select(pod => pod with
            {
                Network = pod.HostNetwork ? null : ofPods.GetValueOrDefault(pod.Id),
                Resolver = ofPods.GetValueOrDefault(pod.Id) is { } network ? resolvers.FirstOrDefault(pair => pair.Key.StartsWith(network.NetNs.Split('_')[^1], StringComparison.Ordinal)).Value : null,
            }).ToList(),
            Components = LabParts.Of(paths).Select(part => new ComponentFacts(part.Component, part.Machine, part.Running, part.Evidence)).ToList(),
            Certificates = Certificates(),
            Sessions = sessions.SelectMany(session => session).ToList(),
            ServiceCidr = _targets.Topology.ServiceCidr,
        };
    }

    /// <summary>The same view, with what was left out.</summary>
    internal async Task<ClusterView> WithRulesAsync(ClusterView view, RuleScope scope, CancellationToken cancel)
    {
        var nodes = view.Nodes.Where(node => node.PodCidrs.Count > 0 && scope.Nodes?.Contains(node.Name) != false && view.MachineOf(node.Name) is not null).ToList();
        var read = await Task.WhenAll(nodes.Select(async node =>
        {
            var machine = view.MachineOf(node.Name)!;
            var rules = await ClusterReader.RulesAsync(view, node.Name, machine.NetNs, scope.Services ?? view.Services, scope.From, cancel).ConfigureAwait(false);
            using var connections = ConntrackSocket.Open(machine.NetNs);
            var tracked = connections.Entries(AddressFamily.InterNetwork, entry => entry.IsDestinationRewritten && entry.Original.Protocol != 6);
            return (node.Name, rules, tracked, Masquerades: scope.Masquerade ? await MasqueradesAsync(machine.NetNs, cancel).ConfigureAwait(false) : (bool?)null);
        })).ConfigureAwait(false);
        return view with
        {
            Rules = read.ToDictionary(node => node.Name, node => node.rules),
            Connections = read.ToDictionary(node => node.Name, node => node.tracked),
            Machines = view.Machines.Select(machine => read.FirstOrDefault(node => node.Name == machine.Name) is { Name: not null } found ? machine with { Masquerades = found.Masquerades } : machine).ToList(),
        };
    }

    private static async Task<bool> MasqueradesAsync(string netNs, CancellationToken cancel)
    {
        var iptables = await IptablesRestore.DetectAsync(IptablesFamily.V4, netNs, cancel).ConfigureAwait(false);
        var text = await iptables.SaveTextAsync(cancel).ConfigureAwait(false);
        var lines = text.Split('\n');
        return lines.Any(line => line.StartsWith("-A POSTROUTING", StringComparison.Ordinal) && line.Contains("PODNET-POSTRTG", StringComparison.Ordinal))
            && lines.Any(line => line.StartsWith("-A PODNET-POSTRTG", StringComparison.Ordinal) && line.Contains("MASQUERADE", StringComparison.Ordinal));
    }

    private async Task<IEnumerable<SessionFacts>> SessionsAsync(string router, CancellationToken cancel)
    {
        var states = await new BirdControl(paths, router).StatesAsync(cancel).ConfigureAwait(false);
        return BirdConfig.SessionsOf(_targets.Topology, new Addressing(_targets.Topology), router).Select(session => new SessionFacts(router, session.Name, session.Peer.Name, session.Near.Device, states?.GetValueOrDefault(session.Name)));
    }

    private MachineFacts? TryRead(string netNs, string node, string pod)
    {
        try
        {
            return MachineReader.Read(pod.Length > 0 ? $"pod/{pod}" : node, netNs, _targets.Topology.Routers.Contains(node));
        }
        catch (Exception e) when (e is LinuxException or IOException)
        {
            // It went away while we looked.
            return null;
        }
    }

    // What can be known of pods and nodes when nobody can be asked: their names and addresses are in the kernel.
    private ClusterView WithoutApi(ClusterView view, IReadOnlyList<(string NetNs, string Node, string Pod)> namespaces, IReadOnlyList<MachineFacts> machines, Dictionary<string, MachineFacts> networks) => view with
    {
        Nodes = _targets.Topology.Agents.Where(node => machines.Any(machine => machine.Name == node.Name)).Select(node => new NodeFacts(node.Name)
        {
            Ready = true, Address = _targets.AddressOf(node.Name),
        }).ToList(),
        Pods = namespaces.Where(place => place.Pod.Length > 0 && networks.ContainsKey($"pod/{place.Pod}")).Select(place => new PodFacts(place.Pod.Split('/')[0], place.Pod.Split('/')[1])
        {
            Node = place.Node, Addresses = networks[$"pod/{place.Pod}"].Addresses.Where(address => !IPAddress.IsLoopback(address.Address) && !address.Address.IsIPv6LinkLocal).Select(address => address.Address).ToList(),
        }).ToList(),
    };

    // The kubelets' copies of what is mounted into pods, by the pod's uid; the namespace's name ends with its beginning.
    private Dictionary<string, string> Resolvers()
    {
        var found = new Dictionary<string, string>();
        foreach (var pod in _targets.Topology.Agents.Select(node => $"{paths.NodeDirectory(node.Name)}/kubelet/pods").Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories))
        {
            try
            {
                found[Path.GetFileName(pod)] = File.ReadAllText($"{pod}/resolv.conf");
            }
            catch (IOException)
            {
                // It went away while we looked, or has none.
            }
        }

        return found;
    }

    private List<CertificateFacts> Certificates()
    {
        var found = new List<CertificateFacts>();
        foreach (var file in Directory.Exists(paths.Pki) ? Directory.EnumerateFiles(paths.Pki, "*.crt") : [])
        {
            try
            {
                using var certificate = X509CertificateLoader.LoadCertificateFromFile(file);
                var owner = Path.GetFileNameWithoutExtension(file);
                var node = _targets.Topology.Agents.Select(agent => agent.Name).FirstOrDefault(name => owner == $"node-{name}" || owner == $"node-{name}-serving") ?? "";
                found.Add(new CertificateFacts(owner, node, file, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime()));
            }
            catch (CryptographicException)
            {
                // A file that is none is not this table's matter; its owner refuses it by name.
            }
        }

        return found;
    }
}
