using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Api.Addresses;

namespace Network.Controllers.LoadBalancers;

/// <summary>The addresses that services of type LoadBalancer may get. Pure.</summary>
public sealed class AddressPool
{
    private readonly IReadOnlyList<(UInt128 First, UInt128 Last, AddressFamily Family)> _ranges;
    private readonly string _text;

    private AddressPool(IReadOnlyList<(UInt128, UInt128, AddressFamily)> ranges, string text) => (_ranges, _text) = (ranges, text);

    public static AddressPool Empty { get; } = new([], "");

    public bool IsEmpty => _ranges.Count == 0;

    /// <param name="texts"><c>first-last</c>, <c>address/prefix</c> or one address each.</param>
    public static AddressPool Parse(IReadOnlyCollection<string> texts) => new(texts.Select(Range).ToList(), string.Join(", ", texts));

    public bool Contains(IPAddress address) =>
        _ranges.Any(range => range.Family == address.AddressFamily && Number(address) is var number && number >= range.First && number <= range.Last);

    /// <summary>The lowest address that is not taken; null when none is left.</summary>
    public IPAddress? Next(IReadOnlySet<IPAddress> taken)
    {
        foreach (var (first, last, family) in _ranges)
        {
            for (var number = first; number <= last; number++)
            {
                if (Address(number, family) is var address && !taken.Contains(address))
                    return address;
            }
        }

        return null;
    }

    public override string ToString() => _text;

    private static (UInt128 First, UInt128 Last, AddressFamily Family) Range(string text)
    {
        if (IpRange.TryParse(text, out var network))
        {
            var bits = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
            var size = UInt128.One << (bits - network.PrefixLength);
            var first = Number(network.BaseAddress);
            return (first, bits == network.PrefixLength ? first : first + size - 1, network.BaseAddress.AddressFamily);
        }

        var ends = text.Split('-', 2, StringSplitOptions.TrimEntries);
        if (!IPAddress.TryParse(ends[0], out var low) || !IPAddress.TryParse(ends[^1], out var high) || low.AddressFamily != high.AddressFamily || Number(low) > Number(high))
            throw new ArgumentException($"--load-balancer-pool \"{text}\" is no range of addresses; write first-last, such as 192.0.2.200-192.0.2.220, or address/prefix with the host bits zero");
        return (Number(low), Number(high), low.AddressFamily);
    }

    private static UInt128 Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes[(address.AddressFamily == AddressFamily.InterNetwork ? 12 : 0)..], out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private static IPAddress Address(UInt128 number, AddressFamily family)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }
}
