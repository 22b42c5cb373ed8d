using Network.Dns.Wire;

namespace Network.Dns.Zones;

/// <summary>A record of a zone. Names, also those in the data, are folded and in full.</summary>
/// <param name="Name">On the wire.</param>
internal sealed record ZoneRecord(byte[] Name, RecordType Type, uint Ttl, byte[] Data)
{
    /// <summary>The same owner, type and data; the time to live may differ (RFC 2181 5.2 wants one for all of a set).</summary>
    internal bool IsSame(ZoneRecord other) => Type == other.Type && Name.AsSpan().SequenceEqual(other.Name) && Data.AsSpan().SequenceEqual(other.Data);

    /// <param name="isQuestion">The owner is the name that was asked for.</param>
    internal ResourceRecord ToAnswer(bool isQuestion = false) =>
        isQuestion ? new(null, Type, Ttl, Data) : new(WireName.ToText(Name), Type, Ttl, Data) { WireOwner = Name };
}
