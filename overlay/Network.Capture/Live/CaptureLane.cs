using Network.Capture.Interop;
using Network.Linux;
using SharpPcap;
using SharpPcap.LibPcap;

namespace Network.Capture.Live;

/// <summary>
/// One direction of one device. libpcap tells the direction of Ethernet packets only to a filter, so each device is opened
/// twice and the kernel sorts sent from received.
/// </summary>
internal sealed class CaptureLane : IDisposable
{
    /// <summary>The kernel hands a block of packets over when it is full or this old.</summary>
    internal const int BlockMilliseconds = 25;

    private readonly PolledDevice _device;
    private PcapStatistics _before = null!;

    private CaptureLane(PolledDevice device, CaptureSource source, int index, PacketDirection direction)
    {
        _device = device;
        Source = source;
        Index = index;
        Direction = direction;
    }

    internal CaptureSource Source { get; }

    /// <summary>Position of the source.</summary>
    internal int Index { get; }

    internal PacketDirection Direction { get; }

    internal int Descriptor => _device.Descriptor;

    internal ushort LinkType => LinkTypeOf((int)_device.LinkType);

    /// <summary>Why the lane ended; null while it runs.</summary>
    internal string? Ended { get; private set; }

    internal static CaptureLane[] OpenBoth(CaptureSource source, int index, CaptureSettings settings)
    {
        try
        {
            // The socket stays in the namespace it was opened in, so only the opening happens inside (packet(7)).
            return source.NetNs is { } name ? NetNs.Run(name, () => Open(source, index, settings)) : Open(source, index, settings);
        }
        catch (Exception e) when (e is LinuxException or PcapException)
        {
            throw new CaptureException($"source {source.Name}: device {source.Device} cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>From here on the kernel takes nothing; what it took before is still to be drained.</summary>
    internal void Block() => _device.Attach("less 0");

    internal void Drain()
    {
        while (TryNext(out _, out _))
        {
        }
    }

    internal void Unblock(string filter)
    {
        var direction = Direction == PacketDirection.Inbound ? "inbound" : "outbound";
        try
        {
            _device.Attach(string.IsNullOrWhiteSpace(filter) ? direction : $"{direction} and ({filter})");
        }
        catch (Exception e) when (e is PcapException or LinuxException)
        {
            throw CaptureFilter.Invalid(filter, e.Message);
        }

        _before = (PcapStatistics)_device.Statistics;
    }

    /// <summary>The next packet, valid until the next call; false when there is none now.</summary>
    internal unsafe bool TryNext(out PcapH.pcap_pkthdr header, out ReadOnlySpan<byte> data)
    {
        nint headerPointer = 0;
        nint dataPointer = 0;
        var result = Ended is null ? _device.GetNextPacketPointers(ref headerPointer, ref dataPointer) : 0;
        if (result == 1)
        {
            header = *(PcapH.pcap_pkthdr*)headerPointer;
            data = new ReadOnlySpan<byte>((void*)dataPointer, (int)header.caplen);
            return true;
        }

        if (result < 0)
            Ended = _device.LastError;
        header = default;
        data = default;
        return false;
    }

    /// <summary>
    /// The kernel tells a removal once, and libpcap swallows it in a reader that never blocks, so somebody has to ask now and then.
    /// </summary>
    internal void CheckRemoved()
    {
        if (_device.IsGone())
            Ended ??= $"device {Source.Device} was removed";
    }

    internal (long Accepted, long Lost) Statistics()
    {
        var now = (PcapStatistics)_device.Statistics;
        // 32-bit counters that wrap.
        return (unchecked(now.ReceivedPackets - _before.ReceivedPackets), unchecked(now.DroppedPackets - _before.DroppedPackets));
    }

    public void Dispose() => _device.Dispose();

    private static CaptureLane[] Open(CaptureSource source, int index, CaptureSettings settings)
    {
        var devices = LibPcapLiveDeviceList.New();
        var device = devices.FirstOrDefault(candidate => candidate.Name == source.Device)?.Interface
            ?? throw new CaptureException($"source {source.Name}: there is no device {source.Device} in {source.NetNs ?? "this namespace"}");
        var inbound = Open(device, source, index, PacketDirection.Inbound, settings);
        try
        {
            return [inbound, Open(device, source, index, PacketDirection.Outbound, settings)];
        }
        catch
        {
            inbound.Dispose();
            throw;
        }
    }

    private static CaptureLane Open(PcapInterface device, CaptureSource source, int index, PacketDirection direction, CaptureSettings settings)
    {
        var opened = new PolledDevice(device);
        try
        {
            opened.Open(new DeviceConfiguration
            {
                Mode = DeviceModes.Promiscuous,
                ReadTimeout = BlockMilliseconds,
                Snaplen = settings.SnapLength,
                BufferSize = settings.KernelBufferBytes,
                TimestampResolution = TimestampResolution.Nanosecond,
            });
            opened.NonBlockingMode = true;
            return new CaptureLane(opened, source, index, direction);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    // DLT_RAW is 12 on Linux; files use LINKTYPE_RAW 101 (pcap-linktype(7)). All others of Linux devices are the same number.
    private static ushort LinkTypeOf(int dataLink) => dataLink == 12 ? (ushort)101 : (ushort)dataLink;
}
