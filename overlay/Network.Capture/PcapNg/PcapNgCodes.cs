namespace Network.Capture.PcapNg;

/// <summary>Block types and option codes (draft-ietf-opsawg-pcapng, sections 3.5 and 4).</summary>
internal static class PcapNgCodes
{
    internal const uint SectionHeader = 0x0a0d0d0a;
    internal const uint InterfaceDescription = 1;
    internal const uint NameResolution = 4;
    internal const uint InterfaceStatistics = 5;
    internal const uint EnhancedPacket = 6;

    internal const uint ByteOrderMagic = 0x1a2b3c4d;
    internal const ulong UnknownSectionLength = ulong.MaxValue;

    internal const ushort Comment = 1;
    internal const ushort SectionOs = 3;
    internal const ushort SectionUserApplication = 4;

    internal const ushort InterfaceName = 2;
    internal const ushort InterfaceDescriptionText = 3;
    internal const ushort InterfaceTimeResolution = 9;
    internal const ushort InterfaceFilter = 11;

    internal const ushort PacketFlags = 2;
    internal const ushort PacketId = 5;

    internal const ushort StatisticsStart = 2;
    internal const ushort StatisticsEnd = 3;
    internal const ushort StatisticsFilterAccepted = 6;
    internal const ushort StatisticsOsDropped = 7;
    internal const ushort StatisticsUserDelivered = 8;

    internal const ushort NameRecordEnd = 0;
    internal const ushort NameRecordIpv4 = 1;
    internal const ushort NameRecordIpv6 = 2;
}
