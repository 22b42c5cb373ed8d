using System.Runtime.InteropServices;

namespace Network.Netlink.Interop;

/// <summary>linux/netfilter/nfnetlink.h; res_id is big-endian</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct nfgenmsg
{
    internal byte nfgen_family;
    internal byte version;
    internal ushort res_id;
}
