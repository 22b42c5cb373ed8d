using System.Runtime.InteropServices;

namespace Network.Capture.Interop;

/// <summary>SO_ATTACH_FILTER (socket(7), linux/filter.h).</summary>
internal static unsafe partial class SocketFilter
{
    internal const int SOL_SOCKET = 1;
    internal const int SO_ATTACH_FILTER = 26;

    // int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int sockfd, int level, int optname, void* optval, uint optlen);

    // struct bpf_program { u_int bf_len; struct bpf_insn *bf_insns; };  (pcap/bpf.h)
    internal struct bpf_program
    {
        internal uint bf_len;
        internal void* bf_insns;
    }

    // struct sock_fprog { unsigned short len; struct sock_filter *filter; };
    // struct sock_filter and struct bpf_insn are the same: { __u16 code; __u8 jt; __u8 jf; __u32 k; }
    internal struct sock_fprog
    {
        internal ushort len;
        internal void* filter;
    }
}
