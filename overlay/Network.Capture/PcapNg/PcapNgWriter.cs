using System.Net;
using System.Net.Sockets;
using System.Text;
using static Network.Capture.PcapNg.PcapNgCodes;

namespace Network.Capture.PcapNg;

/// <summary>An interface as a reader of the file sees it.</summary>
public sealed record PcapNgInterface(string Name, string Description, ushort LinkType, int SnapLength, string Filter);

/// <summary>A name for an address, as a reader of the file sees it.</summary>
public readonly record struct PcapNgName(IPAddress Address, string Name);

/// <summary>Counts of one interface over a whole recording.</summary>
public readonly record struct PcapNgStatistics(long StartNanoseconds, long EndNanoseconds, ulong Accepted, ulong Lost, ulong Delivered);

/// <summary>
/// Writes pcapng (draft-ietf-opsawg-pcapng) with time stamps of nanoseconds. Writing a packet allocates nothing. Readers
/// see what was written after <see cref="Flush"/>.
/// </summary>
public sealed class PcapNgWriter(Stream output) : IDisposable
{
    private const int Threshold = 48 * 1024;
    private readonly BlockBuffer _buffer = new();
    private uint _interfaces;

    /// <summary>Must come first.</summary>
    public void WriteSection(string application, string comment)
    {
        using (_buffer.Block(SectionHeader))
        {
            _buffer.U32(ByteOrderMagic);
            _buffer.U16(1);
            _buffer.U16(0);
            _buffer.U64(UnknownSectionLength);
            _buffer.TextOption(Comment, comment);
            _buffer.TextOption(SectionOs, Environment.OSVersion.VersionString);
            _buffer.TextOption(SectionUserApplication, application);
            _buffer.EndOptions();
        }
    }

    /// <summary>Returns the number packets refer to.</summary>
    public uint WriteInterface(PcapNgInterface description)
    {
        using (_buffer.Block(InterfaceDescription))
        {
            _buffer.U16(description.LinkType);
            _buffer.U16(0);
            _buffer.U32((uint)description.SnapLength);
            _buffer.TextOption(InterfaceName, description.Name);
            _buffer.TextOption(InterfaceDescriptionText, description.Description);
            _buffer.U16(InterfaceTimeResolution);
            _buffer.U16(1);
            _buffer.U32(9);
            // The first byte says what the rest is: 0 is an expression of libpcap.
            _buffer.TextOption(InterfaceFilter, description.Filter, prefix: 0);
            _buffer.EndOptions();
        }

        return _interfaces++;
    }

    public void WriteNames(IEnumerable<PcapNgName> names)
    {
        var all = names.ToList();
        if (all.Count == 0)
            return;
        using (_buffer.Block(NameResolution))
        {
            foreach (var (address, name) in all)
            {
                var text = Encoding.UTF8.GetBytes(name + "\0");
                var bytes = address.GetAddressBytes();
                _buffer.U16(address.AddressFamily == AddressFamily.InterNetwork ? NameRecordIpv4 : NameRecordIpv6);
                _buffer.U16(checked((ushort)(bytes.Length + text.Length)));
                _buffer.Bytes([.. bytes, .. text]);
            }

            _buffer.U16(NameRecordEnd);
            _buffer.U16(0);
            _buffer.EndOptions();
        }
    }

    /// <param name="packet">Its source is the number of the interface.</param>
    /// <param name="id">The same for one packet at every interface it passes; 0 for none.</param>
    /// <param name="comment">What there is to say of it; null for nothing.</param>
    public void WritePacket(in CapturedPacket packet, ulong id = 0, string? comment = null)
    {
        using (_buffer.Block(EnhancedPacket))
        {
            _buffer.U32((uint)packet.Source);
            _buffer.Time(packet.Timestamp);
            _buffer.U32((uint)packet.Data.Length);
            _buffer.U32((uint)packet.WireLength);
            _buffer.Bytes(packet.Data);
            if (comment is not null)
                _buffer.TextOption(Comment, comment);
            if (packet.Direction != PacketDirection.Unknown)
            {
                _buffer.U16(PacketFlags);
                _buffer.U16(4);
                _buffer.U32((uint)packet.Direction);
            }

            if (id != 0)
                _buffer.NumberOption(PacketId, id);
            if (comment is not null || packet.Direction != PacketDirection.Unknown || id != 0)
                _buffer.EndOptions();
        }

        if (_buffer.Length >= Threshold)
            WriteOut();
    }

    public void WriteStatistics(uint number, PcapNgStatistics statistics)
    {
        using (_buffer.Block(InterfaceStatistics))
        {
            _buffer.U32(number);
            _buffer.Time(statistics.EndNanoseconds);
            _buffer.TimeOption(StatisticsStart, statistics.StartNanoseconds);
            _buffer.TimeOption(StatisticsEnd, statistics.EndNanoseconds);
            _buffer.NumberOption(StatisticsFilterAccepted, statistics.Accepted);
            _buffer.NumberOption(StatisticsOsDropped, statistics.Lost);
            _buffer.NumberOption(StatisticsUserDelivered, statistics.Delivered);
            _buffer.EndOptions();
        }
    }

    public void Flush()
    {
        WriteOut();
        output.Flush();
    }

    /// <summary>Flushes, and leaves the stream open.</summary>
    public void Dispose() => Flush();

    private void WriteOut()
    {
        output.Write(_buffer.Written.Span);
        _buffer.Clear();
    }
}
