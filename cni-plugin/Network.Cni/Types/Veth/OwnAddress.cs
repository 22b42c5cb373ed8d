using Network.Cni.Ipam;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>Addresses as this plugin sets them.</summary>
internal static class OwnAddress
{
    // IFA_F_NODAD (linux/if_addr.h): address management knows that nobody else has it, and a tentative address answers nobody.
    private const uint NoDuplicateDetection = 2;

    internal static InterfaceAddress On(int linkIndex, Ip address, int prefixLength, bool detectDuplicates = false) =>
        new(linkIndex, address.ToAddress(), prefixLength) { Flags = address.IsV6 && !detectDuplicates ? NoDuplicateDetection : 0 };
}
