using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using Network.Linux;
using Network.Netlink.Protocol;

namespace Network.Netlink.Transport;

/// <summary>
/// A thread of its own that waits for what the kernel multicasts and turns it into a stream of values. Values the kernel
/// had to drop (ENOBUFS) appear as one value that says so; the stream also begins with that one, so a reader that reads
/// everything then misses nothing.
/// </summary>
internal sealed class NetlinkListener<T> : IDisposable
{
    // Room for thousands of events while the reader is busy; the kernel charges only what waits.
    private const int DefaultReceiveBuffer = 4 * 1024 * 1024;
    private readonly KernelTransport _transport;
    private readonly MessageParser<T> _parser;
    private readonly T _lost;
    private readonly SafeFileHandle _stopRead;
    private readonly SafeFileHandle _stopWrite;
    private readonly Thread _thread;
    private readonly Channel<T> _events = Channel.CreateUnbounded<T>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private NetlinkListener(KernelTransport transport, string name, MessageParser<T> parser, T lost)
    {
        _transport = transport;
        _parser = parser;
        _lost = lost;
        (_stopRead, _stopWrite) = FileDescriptor.Pipe();
        _thread = new Thread(Loop, 256 * 1024) { IsBackground = true, Name = name };
        _thread.Start();
    }

    internal ChannelReader<T> Events => _events.Reader;

    /// <param name="source">netlink protocol, multicast groups, name of the thread, and bytes of events that may wait (0 for a size that suits a busy node).</param>
    /// <param name="lost">Stands for events that were dropped.</param>
    internal static NetlinkListener<T> Open((int Protocol, uint[] Groups, string Name, int ReceiveBuffer) source, string? netNs, MessageParser<T> parser, T lost)
    {
        var transport = netNs is null ? KernelTransport.Open(source.Protocol) : NetNs.Run(netNs, () => KernelTransport.Open(source.Protocol));
        try
        {
            transport.SetReceiveBuffer(source.ReceiveBuffer == 0 ? DefaultReceiveBuffer : source.ReceiveBuffer);
            foreach (var group in source.Groups)
                transport.Join(group);
            return new NetlinkListener<T>(transport, source.Name, parser, lost);
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
        _events.Writer.TryWrite(_lost);
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
            _events.Writer.TryWrite(_lost);
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
