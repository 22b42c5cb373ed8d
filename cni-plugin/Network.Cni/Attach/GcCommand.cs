using System.Text.Json;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Linux;
using Network.Netlink;

namespace Network.Cni.Attach;

/// <summary>GC: frees what belongs to no valid attachment. An empty list means that everything is stale; shared things stay.</summary>
internal static class GcCommand
{
    internal static void Run(NetworkConfig config)
    {
        var valid = ValidOf(config);
        using var pool = AddressPool.Open(config);
        using var node = RouteSocket.Open();
        List<string>? failures = null;
        foreach (var lease in pool.Leases.ToArray())
        {
            if (valid.Contains((lease.ContainerId, lease.IfName)))
                continue;
            var attachment = new Attachment(lease.ContainerId, lease.IfName, "", "");
            try
            {
                DelCommand.DeleteLink(node, attachment.HostName);
                pool.Release(attachment);
            }
            catch (LinuxException e)
            {
                (failures ??= []).Add(e.Message);
            }
        }

        if (failures is not null)
            throw new CniException(CniError.Io, $"{failures.Count} stale attachments could not be removed", string.Join("; ", failures));
    }

    private static HashSet<(string, string)> ValidOf(NetworkConfig config)
    {
        if (config.ValidAttachments.ValueKind != JsonValueKind.Array)
            throw new CniException(CniError.InvalidConfig, "field cni.dev/valid-attachments is missing; give the list of attachments to keep");
        var valid = new HashSet<(string, string)>();
        foreach (var item in config.ValidAttachments.EnumerateArray())
        {
            if (NetworkConfig.Text(item, "containerID") is { } id && NetworkConfig.Text(item, "ifname") is { } name)
                valid.Add((id, name));
        }

        return valid;
    }
}
