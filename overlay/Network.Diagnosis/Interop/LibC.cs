using System.Runtime.InteropServices;

namespace Network.Diagnosis.Interop;

/// <summary>bpf(2), mmap(2); native names, C prototype above each. System call numbers differ by architecture.</summary>
internal static unsafe partial class LibC
{
    internal const int BPF_MAP_CREATE = 0, BPF_MAP_LOOKUP_ELEM = 1, BPF_PROG_LOAD = 5, BPF_RAW_TRACEPOINT_OPEN = 17;
    internal const int BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_RINGBUF = 27, BPF_PROG_TYPE_RAW_TRACEPOINT = 17;
    internal const int PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1;

    internal static readonly long NrBpf = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 280 : 321;

    // long syscall(long number, ...);   int bpf(int cmd, union bpf_attr *attr, unsigned int size);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial long syscall(long number, int cmd, void* attr, uint size);

    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint addr, nuint length, int prot, int flags, int fd, long offset);

    // int munmap(void *addr, size_t length);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint addr, nuint length);

    // union bpf_attr of BPF_MAP_CREATE: the first four members.
    internal struct bpf_map_create
    {
        internal uint map_type;
        internal uint key_size;
        internal uint value_size;
        internal uint max_entries;
        internal uint map_flags;
    }

    // union bpf_attr of BPF_MAP_LOOKUP_ELEM
    internal struct bpf_map_elem
    {
        internal uint map_fd;
        internal ulong key;
        internal ulong value;
        internal ulong flags;
    }

    // union bpf_attr of BPF_PROG_LOAD up to kern_version
    internal struct bpf_prog_load
    {
        internal uint prog_type;
        internal uint insn_cnt;
        internal ulong insns;
        internal ulong license;
        internal uint log_level;
        internal uint log_size;
        internal ulong log_buf;
        internal uint kern_version;
        internal uint prog_flags;
    }

    // union bpf_attr of BPF_RAW_TRACEPOINT_OPEN
    internal struct bpf_raw_tracepoint_open
    {
        internal ulong name;
        internal uint prog_fd;
    }
}
