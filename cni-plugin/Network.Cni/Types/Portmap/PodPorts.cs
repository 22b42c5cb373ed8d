using System.Globalization;
using Network.Cni.Ipam;
using Network.Cni.Protocol;

namespace Network.Cni.Types.Portmap;

/// <summary>Everything a pod has in the node's translation rules. Written down before it is made, so that whatever a crash leaves can be found.</summary>
/// <param name="Key">Network, container and interface: marks the rules.</param>
/// <param name="Masquerade">Whether what the pod sends out of its network gets the node's address.</param>
internal sealed record PodPorts(string Key, IReadOnlyList<GrantedAddress> Addresses, IReadOnlyList<PortMapping> Mappings, bool Masquerade)
{
    /// <summary>The rule set they are in: it may not be the configured one any more when they go.</summary>
    internal string Backend { get; init; } = NftPorts.Name;

    /// <summary>A key as comment of rules; one that is too long ends in a hash of the whole.</summary>
    internal static string Mark(string key, int most) => key.Length <= most ? key : $"{key[..(most - 12)]} {Attachment.HostNameOf(key, "")}";

    /// <summary>Mapping and pod address of the same family.</summary>
    internal IEnumerable<(PortMapping Mapping, GrantedAddress Pod)> Pairs(bool v6) =>
        from pod in Addresses
        where pod.Address.IsV6 == v6
        from mapping in Mappings
        where mapping.AppliesTo(pod.Address)
        select (mapping, pod);

    internal string ToText()
    {
        var lines = new List<string> { Key, $"{Backend} {(Masquerade ? "masquerade" : "-")}" };
        lines.AddRange(Addresses.Select(address => $"address {address}"));
        lines.AddRange(Mappings.Select(mapping => $"port {mapping.Protocol} {mapping.HostPort} {mapping.ContainerPort} {mapping.HostIp?.ToString() ?? "-"}"));
        // The last line tells a whole file from the beginning of one.
        lines.Add("end");
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>Null for a file that a crash cut short: its rules were never made.</summary>
    internal static PodPorts? TryParse(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length < 3 || lines[^1] != "end")
            return null;
        if (lines[1].Split(' ') is not [var backend, var masquerade])
            return null;
        List<GrantedAddress> addresses = [];
        List<PortMapping> mappings = [];
        foreach (var line in lines[2..^1])
        {
            var words = line.Split(' ');
            if (words is ["address", var text1] && Subnet.TryParseAddress(text1, out var address, out var subnet))
                addresses.Add(new GrantedAddress(address, subnet.Length, null));
            else if (words is ["port", var protocol, var host, var container, var ip]
                && int.TryParse(host, CultureInfo.InvariantCulture, out var hostPort) && int.TryParse(container, CultureInfo.InvariantCulture, out var containerPort))
                mappings.Add(new PortMapping(protocol, hostPort, containerPort, Ip.TryParse(ip, out var hostIp) ? hostIp : null));
            else
                return null;
        }

        return new PodPorts(lines[0], addresses, mappings, masquerade == "masquerade") { Backend = backend };
    }
}
