using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using Network.Linux;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;
using Network.Netlink.Transport;

namespace Network.Netlink;

/// <summary>
/// Changes of links, addresses, routes, neighbours and forwarding entries as they happen. When the kernel had to drop
/// events (ENOBUFS) the stream says <see cref="RouteEventKind.Resync"/>; it also starts with one, so a reader that
/// reads everything on Resync misses nothing.
/// </summary>
public sealed class RouteMonitor : IDisposable
{
    // Room for thousands of events while the reader is busy; the kernel charges only what waits.
    private const int ReceiveBuffer = 4 * 1024 * 1024;
    private static readonly uint[] s_groups =
    [
        RtnetlinkH.RTNLGRP_LINK, RtnetlinkH.RTNLGRP_NEIGH, RtnetlinkH.RTNLGRP_IPV4_IFADDR, RtnetlinkH.RTNLGRP_IPV4_ROUTE,
        RtnetlinkH.RTNLGRP_IPV6_IFADDR, RtnetlinkH.RTNLGRP_IPV6_ROUTE,
    ];

    private readonly KernelTransport _transport;
    private readonly SafeFileHandle _stopRead;
    private readonly SafeFileHandle _stopWrite;
    private readonly Thread _thread;
    private readonly Channel<RouteEvent> _events =
        Channel.CreateUnbounded<RouteEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    private RouteMonitor(KernelTransport transport)
    {
        _transport = transport;
        (_stopRead, _stopWrite) = FileDescriptor.Pipe();
        _thread = new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "route-monitor" };
        _thread.Start();
    }

    /// <param name="netNs">Namespace name or path; null means the calling thread's.</param>
    /// <param name="receiveBuffer">Bytes of events that may wait; 0 for a size that suits a busy node.</param>
    public static RouteMonitor Open(string? netNs = null, int receiveBuffer = 0)
    {
        var transport = netNs is null
            ? KernelTransport.Open(NetlinkH.NETLINK_ROUTE)
            : NetNs.Run(netNs, () => KernelTransport.Open(NetlinkH.NETLINK_ROUTE));
        try
        {
            transport.SetReceiveBuffer(receiveBuffer == 0 ? ReceiveBuffer : receiveBuffer);
            foreach (var group in s_groups)
                transport.Join(group);
            return new RouteMonitor(transport);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    /// <summary>The events; one reader. Ends when the monitor is disposed.</summary>
    public async IAsyncEnumerable<RouteEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var happened in _events.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
            yield return happened;
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

    /// <summary>The event a message means; null for messages that mean none here.</summary>
    internal static RouteEvent? EventOf(NetlinkMessage message)
    {
        switch (message.Type)
        {
            case RtnetlinkH.RTM_NEWLINK or RtnetlinkH.RTM_DELLINK when LinkParser.TryParse(message, out var link):
                return new RouteEvent(RouteEventKind.Link) { Link = link, Deleted = message.Type == RtnetlinkH.RTM_DELLINK };
            case RtnetlinkH.RTM_NEWADDR or RtnetlinkH.RTM_DELADDR when AddressParser.TryParse(message, out var address):
                return new RouteEvent(RouteEventKind.Address) { Address = address, Deleted = message.Type == RtnetlinkH.RTM_DELADDR };
            case RtnetlinkH.RTM_NEWROUTE or RtnetlinkH.RTM_DELROUTE when RouteParser.TryParse(message, out var route):
                return new RouteEvent(RouteEventKind.Route) { Route = route, Deleted = message.Type == RtnetlinkH.RTM_DELROUTE };
            case RtnetlinkH.RTM_NEWNEIGH or RtnetlinkH.RTM_DELNEIGH when NeighbourParser.TryParse(message, out var neighbour):
                return new RouteEvent(RouteEventKind.Neighbour)
                {
                    Neighbour = neighbour,
                    Deleted = message.Type == RtnetlinkH.RTM_DELNEIGH,
                };
            case RtnetlinkH.RTM_NEWNEIGH or RtnetlinkH.RTM_DELNEIGH when FdbParser.TryParse(message, out var entry):
                return new RouteEvent(RouteEventKind.Fdb) { Fdb = entry, Deleted = message.Type == RtnetlinkH.RTM_DELNEIGH };
            default:
                return null;
        }
    }

    private void Loop()
    {
        var buffer = GC.AllocateUninitializedArray<byte>(64 * 1024);
        _events.Writer.TryWrite(new RouteEvent(RouteEventKind.Resync));
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
            _events.Writer.TryWrite(new RouteEvent(RouteEventKind.Resync));
            return;
        }

        var reader = new NetlinkMessageReader(buffer.AsSpan(0, length));
        while (reader.TryNext(out var message))
        {
            if (EventOf(message) is { } happened)
                _events.Writer.TryWrite(happened);
        }
    }
}
