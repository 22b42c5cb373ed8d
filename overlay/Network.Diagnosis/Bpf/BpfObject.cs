using System.Text;
using Microsoft.Win32.SafeHandles;
using Network.Diagnosis.Interop;
using Network.Linux;

namespace Network.Diagnosis.Bpf;

/// <summary>bpf(2): maps, programs and raw tracepoints, each a descriptor whose end is the object's end.</summary>
internal static unsafe class BpfObject
{
    private const int LogBytes = 256 * 1024;

    internal static SafeFileHandle CreateMap(int type, uint key, uint value, uint entries)
    {
        var attr = new LibC.bpf_map_create { map_type = (uint)type, key_size = key, value_size = value, max_entries = entries };
        return Take(LibC.syscall(LibC.NrBpf, LibC.BPF_MAP_CREATE, &attr, (uint)sizeof(LibC.bpf_map_create)), $"bpf BPF_MAP_CREATE type {type}");
    }

    /// <summary>The value of eight bytes at an index of an array map.</summary>
    internal static ulong ReadCounter(SafeFileHandle map, uint index)
    {
        ulong value = 0;
        var attr = new LibC.bpf_map_elem { map_fd = (uint)map.DangerousGetHandle(), key = (ulong)&index, value = (ulong)&value };
        if (LibC.syscall(LibC.NrBpf, LibC.BPF_MAP_LOOKUP_ELEM, &attr, (uint)sizeof(LibC.bpf_map_elem)) < 0)
            throw LinuxException.Last("bpf BPF_MAP_LOOKUP_ELEM");
        return value;
    }

    /// <summary>Loads a program for raw tracepoints. What the verifier has against it stands in the error.</summary>
    internal static SafeFileHandle Load(BpfCode code)
    {
        var instructions = code.ToArray();
        var license = "GPL\0"u8;
        fixed (ulong* start = instructions)
        fixed (byte* word = license)
        {
            var attr = new LibC.bpf_prog_load
            {
                prog_type = LibC.BPF_PROG_TYPE_RAW_TRACEPOINT, insn_cnt = (uint)instructions.Length, insns = (ulong)start, license = (ulong)word,
            };
            var loaded = LibC.syscall(LibC.NrBpf, LibC.BPF_PROG_LOAD, &attr, (uint)sizeof(LibC.bpf_prog_load));
            if (loaded >= 0)
                return new SafeFileHandle((nint)loaded, ownsHandle: true);
            // Once more, for the reason.
            var log = new byte[LogBytes];
            fixed (byte* text = log)
            {
                (attr.log_level, attr.log_size, attr.log_buf) = (1, LogBytes, (ulong)text);
                loaded = LibC.syscall(LibC.NrBpf, LibC.BPF_PROG_LOAD, &attr, (uint)sizeof(LibC.bpf_prog_load));
            }

            var refusal = LinuxException.Last("bpf BPF_PROG_LOAD");
            var said = Encoding.UTF8.GetString(log, 0, Math.Max(Array.IndexOf(log, (byte)0), 0));
            return Take(loaded, "bpf BPF_PROG_LOAD", refusal.Errno, string.Join("; ", said.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(4)));
        }
    }

    internal static SafeFileHandle Attach(string tracepoint, SafeFileHandle program)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(tracepoint + "\0"))
        {
            var attr = new LibC.bpf_raw_tracepoint_open { name = (ulong)name, prog_fd = (uint)program.DangerousGetHandle() };
            return Take(LibC.syscall(LibC.NrBpf, LibC.BPF_RAW_TRACEPOINT_OPEN, &attr, (uint)sizeof(LibC.bpf_raw_tracepoint_open)), $"bpf BPF_RAW_TRACEPOINT_OPEN {tracepoint}");
        }
    }

    private static SafeFileHandle Take(long descriptor, string operation, Errno? errno = null, string? detail = null) => descriptor >= 0
        ? new SafeFileHandle((nint)descriptor, ownsHandle: true)
        : throw (errno is { } known ? new LinuxException(operation, known, detail) : LinuxException.Last(operation));
}
