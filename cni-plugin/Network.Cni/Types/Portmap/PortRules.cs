using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Linux;

namespace Network.Cni.Types.Portmap;

/// <summary>
/// Ports of the node that lead to pods, and masquerading. Each pod that has any is remembered in a file of the network's
/// directory, so that a pod without them costs nothing, and DEL and GC need neither namespace nor an earlier result.
/// </summary>
internal sealed class PortRules(string network, string directory, IPortBackend backend, bool snat, IReadOnlyList<PortMapping> mappings, bool masquerade)
{
    internal static PortRules Of(Invocation call, bool masquerade = false, bool withMappings = true)
    {
        var root = call.Config.Root;
        foreach (var field in (string[])["conditionsV4", "conditionsV6"])
        {
            if (root.TryGet(field, out _))
                throw new CniException(CniError.UnsupportedField, $"field {field} is not supported; leave it out");
        }

        var data = root.Object("ipam").Text("dataDir") ?? root.Text("dataDir") ?? IpamConfig.DefaultDataDirectory;
        var snat = root.Flag("snat", true);
        var backend = BackendOf(root.Text("backend") ?? NftPorts.Name, snat) ?? throw root.Invalid("backend", root.Text("backend"), "nftables or iptables");
        return new PortRules(call.Config.Name, Path.Combine(data, call.Config.Name, "ports"), backend, snat,
            withMappings ? PortMapping.ParseAll(call.Config) : [], masquerade);
    }

    /// <param name="hostDevices">Through which local processes reach the pod, for 127.0.0.1.</param>
    internal void Set(Attachment attachment, IReadOnlyList<GrantedAddress> addresses, IEnumerable<string> hostDevices)
    {
        if (mappings.Count == 0 && !masquerade)
        {
            Remove(attachment);
            return;
        }

        var ports = new PodPorts(KeyOf(attachment), addresses, mappings, masquerade) { Backend = backend.Name };
        Remove(attachment);
        Write(FileOf(attachment), ports.ToText());
        if (mappings.Count > 0)
        {
            // Else the kernel drops packets from 127.0.0.1 as martians when they leave for the pod.
            foreach (var device in hostDevices)
                Sysctl.TrySet($"net/ipv4/conf/{device}/route_localnet", "1");
        }

        backend.Set(ports);
        DatagramFlows.Forget(ports);
    }

    internal void Remove(Attachment attachment)
    {
        var file = FileOf(attachment);
        if (File.Exists(file))
            Remove(file);
    }

    internal void Check(Attachment attachment)
    {
        if (mappings.Count == 0 && !masquerade)
            return;
        var file = FileOf(attachment);
        if (!File.Exists(file) || PodPorts.TryParse(File.ReadAllText(file)) is not { } ports)
            throw new CniException(CniError.CheckFailed, $"{attachment} has no port rules; delete and add it again");
        if (backend.Missing(ports) is { } missing)
            throw new CniException(CniError.CheckFailed, $"{attachment} lost a port rule: {missing}; delete and add it again");
    }

    internal void Collect(HashSet<(string ContainerId, string IfName)> valid)
    {
        if (!Directory.Exists(directory))
            return;
        var known = valid.Select(pair => Attachment.HostNameOf(pair.ContainerId, pair.IfName)).ToHashSet();
        foreach (var file in Directory.GetFiles(directory))
        {
            if (!known.Contains(Path.GetFileName(file)))
                Remove(file);
        }
    }

    private static IPortBackend? BackendOf(string name, bool snat) => name switch
    {
        NftPorts.Name => new NftPorts(snat),
        IptablesPorts.Name => new IptablesPorts(snat),
        _ => null,
    };

    // The file is whole before any rule is made; from half a one no rules came.
    private void Remove(string file)
    {
        if (PodPorts.TryParse(File.ReadAllText(file)) is { } ports)
        {
            (BackendOf(ports.Backend, snat) ?? backend).Remove(ports.Key);
            DatagramFlows.Forget(ports);
        }

        File.Delete(file);
    }

    private string KeyOf(Attachment attachment) => $"{network} {attachment.ContainerId} {attachment.IfName}";

    private string FileOf(Attachment attachment) => Path.Combine(directory, attachment.HostName);

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(directory);
        using (var stream = new FileStream(file, FileMode.Create, FileAccess.Write))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        FileDescriptor.Sync(directory);
    }
}
