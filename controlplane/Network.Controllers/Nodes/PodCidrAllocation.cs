using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Network.Controllers.Nodes;

/// <summary>Divides the cluster CIDR into equal parts for nodes. Pure.</summary>
internal static class PodCidrAllocation
{
    /// <summary>The lowest free part that overlaps none of those taken; null when there is none.</summary>
    internal static IPNetwork? Next(IPNetwork cluster, int nodeMask, IEnumerable<IPNetwork> taken)
    {
        if (cluster.BaseAddress.AddressFamily != AddressFamily.InterNetwork || nodeMask < cluster.PrefixLength)
            return null;
        var used = taken.ToList();
        var first = BinaryPrimitives.ReadUInt32BigEndian(cluster.BaseAddress.GetAddressBytes());
        var step = 1u << (32 - nodeMask);
        var parts = 1L << (nodeMask - cluster.PrefixLength);
        for (var i = 0L; i < parts; i++)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(first + (i * step)));
            var candidate = new IPNetwork(new IPAddress(bytes), nodeMask);
            if (!used.Any(other => other.Contains(candidate.BaseAddress) || candidate.Contains(other.BaseAddress)))
                return candidate;
        }

        return null;
    }
}
