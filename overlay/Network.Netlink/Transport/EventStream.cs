using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using Network.Linux;
using Network.Netlink.Protocol;

namespace Network.Netlink.Transport;

/// <summary>
/// Multicast messages of one netlink family as a channel of events, read by a thread that sleeps in the kernel until there is
/// something. The first event, and the one after the kernel had to drop some (ENOBUFS), is the resync event.
/// </summary>
internal sealed class EventStream<T> : IDisposable
{
    // Room for thousands of events while the reader is busy; the kernel charges only what waits.
    private const int DefaultReceiveBuffer = 4 * 1024 * 1024;
    private readonly KernelTransport _transport;
    private readonly MessageParser<T> _parser;
    private readonly T _resync;
    private readonly SafeFileHandle _stopRead;
    private readonly SafeFileHandle _stopWrite;
    private readonly Thread _thread;
    private readonly Channel<T> _events = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private EventStream(KernelTransport transport, MessageParser<T> parser, T resync, string name)
    {
        (_transport, _parser, _resync) = (transport, parser, resync);
        (_stopRead, _stopWrite) = FileDescriptor.Pipe();
        _thread = new Thread(Loop, 256 * 1024) { IsBackground = true, Name = name };
        _thread.Start();
    }

    internal ChannelReader<T> Events => _events.Reader;

    internal static EventStream<T> Open(EventSource source, MessageParser<T> parser, T resync)
    {
        var transport = source.NetNs is null
            ? KernelTransport.Open(source.Protocol)
            : NetNs.Run(source.NetNs, () => KernelTransport.Open(source.Protocol));
        try
        {
            transport.SetReceiveBuffer(source.ReceiveBuffer == 0 ? DefaultReceiveBuffer : source.ReceiveBuffer);
            foreach (var group in source.Groups)
                transport.Join(group);
            return new EventStream<T>(transport, parser, resync, source.Name);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_stopWrite.IsClosed)
            return;
        _stopWrite.Dispose();
        _thread.Join();
        _stopRead.Dispose();
        _transport.Dispose();
    }

    private void Loop()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(64 * 1024);
        _events.Writer.TryWrite(_resync);
        try
        {
            while (_transport.WaitReadable((int)_stopRead.DangerousGetHandle()))
                Receive(buffer);
            _events.Writer.TryComplete();
        }
        catch (LinuxException e)
        {
            _events.Writer.TryComplete(e);
        }
    }

    private void Receive(byte[] buffer)
    {
        int length;
        try
        {
            length = _transport.Receive(buffer);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOBUFS)
        {
            _events.Writer.TryWrite(_resync);
            return;
        }

        var reader = new NetlinkMessageReader(buffer.AsSpan(0, length));
        while (reader.TryNext(out var message))
        {
            if (_parser(message, out var happened))
                _events.Writer.TryWrite(happened);
        }
    }
}

/// <summary>What to listen to.</summary>
/// <param name="Name">Of the thread that listens.</param>
/// <param name="ReceiveBuffer">Bytes of events that may wait; 0 for a size that suits a busy node.</param>
internal readonly record struct EventSource(string Name, int Protocol, uint[] Groups, string? NetNs, int ReceiveBuffer);
