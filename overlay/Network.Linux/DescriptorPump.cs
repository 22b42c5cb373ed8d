using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>Receives what a descriptor gives. Called on the pump's own thread; must not block for long.</summary>
public interface IDescriptorSink
{
    void Data(ReadOnlySpan<byte> bytes);

    /// <summary>The writers are gone and everything was delivered. Called once.</summary>
    void End();
}

/// <summary>Reads any number of pipes and terminals on one thread, so that a hundred containers do not cost two hundred blocked threads.</summary>
public sealed class DescriptorPump : IDisposable
{
    private const short PollIn = 1;
    private readonly ConcurrentQueue<(SafeFileHandle, IDescriptorSink)> _added = new();
    private readonly FileStream _wakeRead;
    private readonly FileStream _wakeWrite;
    private readonly List<(SafeFileHandle Descriptor, IDescriptorSink Sink)> _sources = [];
    private readonly byte[] _buffer = new byte[64 * 1024];
    private volatile bool _stopping;

    public DescriptorPump(string name)
    {
        var (read, write) = FileDescriptor.Pipe();
        _wakeRead = new FileStream(read, FileAccess.Read, bufferSize: 0);
        _wakeWrite = new FileStream(write, FileAccess.Write, bufferSize: 0);
        new Thread(Loop, 256 * 1024) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>Takes the descriptor over: it is closed at its end. It is switched to non-blocking.</summary>
    public void Add(SafeFileHandle descriptor, IDescriptorSink sink)
    {
        SetNonBlocking(descriptor);
        _added.Enqueue((descriptor, sink));
        Wake();
    }

    public void Dispose()
    {
        _stopping = true;
        Wake();
    }

    private static void SetNonBlocking(SafeFileHandle descriptor)
    {
        var fd = (int)descriptor.DangerousGetHandle();
        var flags = LibC.fcntl(fd, LibC.F_GETFL, 0);
        if (flags < 0 || LibC.fcntl(fd, LibC.F_SETFL, flags | LibC.O_NONBLOCK) < 0)
            throw LinuxException.Last("fcntl O_NONBLOCK");
    }

    private void Wake()
    {
        lock (_wakeWrite)
            _wakeWrite.WriteByte(1);
    }

    private void Loop()
    {
        while (!_stopping)
        {
            while (_added.TryDequeue(out var added))
                _sources.Add(added);
            var polled = Poll();
            if (polled[0].revents != 0)
                _ = _wakeRead.Read(_buffer);
            // In order of arrival: standard output was added before standard error.
            var ended = new List<(SafeFileHandle, IDescriptorSink)>();
            for (var i = 0; i < _sources.Count; i++)
            {
                if (polled[i + 1].revents != 0 && !Deliver(_sources[i]))
                    ended.Add(_sources[i]);
            }

            foreach (var source in ended)
                _sources.Remove(source);
        }

        foreach (var (descriptor, _) in _sources)
            descriptor.Dispose();
        _wakeRead.Dispose();
    }

    private unsafe LibC.PollFd[] Poll()
    {
        var polled = new LibC.PollFd[_sources.Count + 1];
        polled[0] = new LibC.PollFd { fd = (int)_wakeRead.SafeFileHandle.DangerousGetHandle(), events = PollIn };
        for (var i = 0; i < _sources.Count; i++)
            polled[i + 1] = new LibC.PollFd { fd = (int)_sources[i].Descriptor.DangerousGetHandle(), events = PollIn };
        fixed (LibC.PollFd* first = polled)
        {
            while (LibC.poll(first, (ulong)polled.Length, -1) < 0)
            {
                if ((Errno)Marshal.GetLastPInvokeError() != Errno.EINTR)
                    throw LinuxException.Last("poll container output");
            }
        }

        return polled;
    }

    private unsafe bool Deliver((SafeFileHandle Descriptor, IDescriptorSink Sink) source)
    {
        nint count;
        fixed (byte* start = _buffer)
            count = LibC.read((int)source.Descriptor.DangerousGetHandle(), start, (nuint)_buffer.Length);
        if (count > 0)
        {
            source.Sink.Data(_buffer.AsSpan(0, (int)count));
            return true;
        }

        if (count < 0 && (Errno)Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
            return true;

        // Zero is the end of a pipe; a terminal whose other side closed answers EIO.
        source.Descriptor.Dispose();
        source.Sink.End();
        return false;
    }
}
