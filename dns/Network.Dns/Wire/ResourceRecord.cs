using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Network.Dns.Wire;

/// <summary>
/// A record ready to be written. A null owner stands for the name that was asked for, which costs two bytes on the wire.
/// </summary>
public sealed record ResourceRecord(string? Owner, RecordType Type, uint Ttl, byte[] Data)
{
    /// <summary>1 is IN.</summary>
    public ushort Class { get; init; } = 1;

    /// <summary>The owner on the wire, for names that dotted text cannot hold; stands before <see cref="Owner"/>.</summary>
    internal byte[]? WireOwner { get; init; }

    public static ResourceRecord Address(string? owner, IPAddress address, uint ttl) =>
        new(owner, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? RecordType.A : RecordType.AAAA, ttl, address.GetAddressBytes());

    public static ResourceRecord CanonicalName(string? owner, string target, uint ttl) => new(owner, RecordType.CNAME, ttl, DnsName.Encode(target));

    public static ResourceRecord Pointer(string? owner, string target, uint ttl) => new(owner, RecordType.PTR, ttl, DnsName.Encode(target));

    public static ResourceRecord NameServer(string? owner, string target, uint ttl) => new(owner, RecordType.NS, ttl, DnsName.Encode(target));

    /// <summary>RFC 2782: priority, weight, port, target; the target is never compressed.</summary>
    public static ResourceRecord Service(string? owner, ushort priority, ushort weight, ushort port, string target, uint ttl)
    {
        var name = DnsName.Encode(target);
        var data = new byte[6 + name.Length];
        BinaryPrimitives.WriteUInt16BigEndian(data, priority);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(2), weight);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(4), port);
        name.CopyTo(data, 6);
        return new ResourceRecord(owner, RecordType.SRV, ttl, data);
    }

    public static ResourceRecord Text(string? owner, string text, uint ttl)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return new ResourceRecord(owner, RecordType.TXT, ttl, [(byte)bytes.Length, .. bytes]);
    }

    /// <summary>Seconds between checks of a secondary, between failed ones, and until it gives the zone up (RFC 1035 3.3.13).</summary>
    internal const uint Refresh = 7200, Retry = 1800, Expire = 86400;

    /// <summary>RFC 1035 3.3.13, RFC 2308: the last number is how long a "no" may be remembered.</summary>
    public static ResourceRecord StartOfAuthority(string owner, string server, string mailbox, uint serial, uint negativeTtl)
    {
        var names = DnsName.Encode(server).Concat(DnsName.Encode(mailbox)).ToArray();
        var data = new byte[names.Length + 20];
        names.CopyTo(data, 0);
        uint[] numbers = [serial, Refresh, Retry, Expire, negativeTtl];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(names.Length + (4 * i)), numbers[i]);
        return new ResourceRecord(owner, RecordType.SOA, negativeTtl, data);
    }
}
