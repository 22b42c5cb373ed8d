namespace Network.Netlink.Netfilter;

/// <summary>
/// The numbers under which <c>nft</c> knows the types of set fields; the kernel only keeps them (nftables, datatype.h).
/// </summary>
public static class NftTypes
{
    public const uint Verdict = 0xffffff00, Integer = 4, Ip = 7, Ip6 = 8, EtherAddress = 9, Protocol = 12, Port = 13, Mark = 19, ClassId = 23, InterfaceName = 41;

    private const int BitsPerField = 6;

    /// <summary>The type of fields one after the other.</summary>
    public static uint Concat(params ReadOnlySpan<uint> fields)
    {
        var type = 0u;
        foreach (var field in fields)
            type = (type << BitsPerField) | field;
        return type;
    }

    /// <summary>The fields of a type, first field first.</summary>
    internal static IReadOnlyList<uint> Split(uint type)
    {
        if (type == Verdict)
            return [Verdict];
        var fields = new List<uint>();
        for (; type != 0; type >>= BitsPerField)
            fields.Insert(0, type & ((1 << BitsPerField) - 1));
        return fields;
    }

    /// <summary>Bytes of a field of a type; 0 for those that have no fixed size here.</summary>
    public static int SizeOf(uint type) => type switch
    {
        Integer or Ip or Mark or ClassId => 4,
        Ip6 or InterfaceName => 16,
        EtherAddress => 6,
        Protocol => 1,
        Port => 2,
        _ => 0,
    };
}
