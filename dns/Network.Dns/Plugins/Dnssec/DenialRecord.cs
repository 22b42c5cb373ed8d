using Network.Dns.Wire;

namespace Network.Dns.Plugins.Dnssec;

/// <summary>
/// The NSEC record that denies, made for the name asked about alone (compact denial of existence, RFC 9824): from it to its
/// immediate successor. Nobody can walk the zone by it. Pure.
/// </summary>
internal static class DenialRecord
{
    // What the name may have beside the type asked for. A type too many denies nothing; one too few would.
    private static readonly RecordType[] s_usual =
        [RecordType.A, RecordType.PTR, RecordType.HINFO, RecordType.MX, RecordType.TXT, RecordType.AAAA, RecordType.SRV, RecordType.NAPTR, RecordType.SSHFP, RecordType.TLSA, RecordType.SVCB, RecordType.HTTPS, RecordType.CAA];

    internal static byte[] OfNoName(byte[] name) => Data(name, [RecordType.RRSIG, RecordType.NSEC, RecordType.NXNAME]);

    internal static byte[] OfNoType(byte[] name, RecordType asked, bool isApex) =>
        Data(name, s_usual.Append(RecordType.RRSIG).Append(RecordType.NSEC).Concat(isApex ? [RecordType.NS, RecordType.SOA, RecordType.DNSKEY, RecordType.CDS, RecordType.CDNSKEY] : []).Where(type => type != asked));

    /// <summary>A child zone without DS record: it is not signed.</summary>
    internal static byte[] OfUnsignedChild(byte[] name) => Data(name, [RecordType.NS, RecordType.RRSIG, RecordType.NSEC]);

    // The next name is \000.NAME, the first below it; types as a bitmap for each 256 of them (RFC 4034 4.1.2).
    private static byte[] Data(byte[] name, IEnumerable<RecordType> types)
    {
        byte[] next = name.Length + 2 <= DnsName.MaxWireLength ? [1, 0, .. name] : name;
        var data = new List<byte>(next);
        foreach (var window in types.GroupBy(type => (byte)((int)type >> 8)).OrderBy(window => window.Key))
        {
            var bits = new byte[(window.Max(type => (byte)type) / 8) + 1];
            foreach (var type in window)
                bits[(byte)type / 8] |= (byte)(0x80 >> ((byte)type % 8));
            data.AddRange([window.Key, (byte)bits.Length, .. bits]);
        }

        return [.. data];
    }
}
