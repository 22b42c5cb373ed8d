using System.Net;
using System.Net.Sockets;
using System.Text;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// What flannel leaves in /run/flannel/subnet.env, which its CNI plugin and many scripts read: the network, this node's
/// first usable address with the prefix, the MTU, and who masquerades.
/// </summary>
internal static class SubnetFile
{
    internal static string Render(OverlaySettings settings, LocalVtep vtep)
    {
        var text = new StringBuilder();
        foreach (var family in PerFamily<int>.Families)
        {
            if (vtep.PodCidrs[family] is not { } pods || settings.ClusterCidrs[family] is not { } cluster)
                continue;
            var infix = family == AddressFamily.InterNetwork ? "" : "IPV6_";
            text.Append("FLANNEL_").Append(infix).Append("NETWORK=").Append(cluster).Append('\n');
            text.Append("FLANNEL_").Append(infix).Append("SUBNET=").Append(First(pods)).Append('/').Append(pods.PrefixLength).Append('\n');
        }

        text.Append("FLANNEL_MTU=").Append(vtep.Mtu).Append('\n');
        // Whoever reads this must not masquerade a second time: this daemon has done so.
        return text.Append("FLANNEL_IPMASQ=").Append(settings.Masquerade ? "true" : "false").Append('\n').ToString();
    }

    private static IPAddress First(IPNetwork range)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes);
    }
}
