using System.Runtime.InteropServices;

namespace Network.Benchmarks.Dns.Interop;

/// <summary>recvmsg(2) with control data, as the 64-bit kernel takes it.</summary>
internal static unsafe partial class ReceivedMessage
{
    internal const int MSG_DONTWAIT = 0x40;

    /// <returns>Bytes, or -1.</returns>
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int fd, Header* message, int flags);

    internal struct Segment
    {
        internal byte* Base;
        internal nuint Length;
    }

    internal struct Header
    {
        internal byte* Name;
        internal uint NameLength;
        internal Segment* Segments;
        internal nuint SegmentCount;
        internal byte* Control;
        internal nuint ControlLength;
        internal int Flags;
    }
}
