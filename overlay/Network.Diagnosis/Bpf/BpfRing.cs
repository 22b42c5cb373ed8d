using Microsoft.Win32.SafeHandles;
using Network.Diagnosis.Interop;
using Network.Linux;

namespace Network.Diagnosis.Bpf;

/// <summary>
/// The reading end of a BPF ring buffer (Documentation/bpf/ringbuf.rst): a page with the reader's position, one with the writer's,
/// then the data, mapped twice so that no record is ever in two pieces. One reader at a time.
/// </summary>
internal sealed unsafe class BpfRing : IDisposable
{
    private const int Page = 4096, RecordHeader = 8;
    private const uint Busy = 1u << 31, Discarded = 1u << 30;
    private readonly int _size;
    private readonly nint _consumer;
    private readonly nint _producer;

    /// <param name="bytes">A power of two of at least a page.</param>
    internal BpfRing(int bytes)
    {
        _size = bytes;
        Map = BpfObject.CreateMap(LibC.BPF_MAP_TYPE_RINGBUF, 0, 0, (uint)bytes);
        var fd = (int)Map.DangerousGetHandle();
        _consumer = LibC.mmap(0, Page, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, fd, 0);
        _producer = _consumer == -1 ? -1 : LibC.mmap(0, (nuint)(Page + 2 * bytes), LibC.PROT_READ, LibC.MAP_SHARED, fd, Page);
        if (_producer != -1)
            return;
        var refusal = LinuxException.Last("mmap of a BPF ring buffer");
        if (_consumer != -1)
            _ = LibC.munmap(_consumer, Page);
        Map.Dispose();
        throw refusal;
    }

    internal delegate void Reader(ReadOnlySpan<byte> record);

    internal SafeFileHandle Map { get; }

    /// <summary>Hands over all that is there, oldest first; the number of records.</summary>
    internal int Read(Reader reader)
    {
        var read = 0;
        ref var taken = ref *(long*)_consumer;
        var position = Volatile.Read(ref taken);
        while (position < Volatile.Read(ref *(long*)_producer))
        {
            var header = (byte*)_producer + Page + (position & (_size - 1));
            var length = Volatile.Read(ref *(uint*)header);
            if ((length & Busy) != 0)
                break;
            var bytes = (int)(length & ~(Busy | Discarded));
            if ((length & Discarded) == 0)
            {
                reader(new ReadOnlySpan<byte>(header + RecordHeader, bytes));
                read++;
            }

            position += (bytes + RecordHeader + 7) & ~7;
            Volatile.Write(ref taken, position);
        }

        return read;
    }

    /// <summary>Waits until something was written; at most so long.</summary>
    internal void Wait(TimeSpan atMost) => FileDescriptor.WaitReadable(Map, atMost);

    public void Dispose()
    {
        _ = LibC.munmap(_producer, (nuint)(Page + 2 * _size));
        _ = LibC.munmap(_consumer, Page);
        Map.Dispose();
    }
}
