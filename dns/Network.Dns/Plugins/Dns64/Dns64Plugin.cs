using System.Net;
using System.Net.Sockets;
using Network.Dns.Hot;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Dns64;

/// <summary>What is translated, and for whom.</summary>
/// <param name="Prefix">Of 32, 40, 48, 56, 64 or 96 bits (RFC 6052, section 2.2).</param>
/// <param name="TranslateAll">Also names that have IPv6 addresses of their own.</param>
/// <param name="AllowIpv4">Also for clients that ask over IPv4.</param>
public sealed record Dns64Settings(IPNetwork Prefix, bool TranslateAll = false, bool AllowIpv4 = false)
{
    /// <summary>64:ff9b::/96, for which no network needs a plan of its own (RFC 6052, section 2.1).</summary>
    public static IPNetwork WellKnown { get; } = new(IPAddress.Parse("64:ff9b::"), 96);

    /// <summary>The lengths an IPv4 address can be embedded behind.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [32, 40, 48, 56, 64, 96];
}

/// <summary>
/// IPv6 addresses for names that have none: their IPv4 addresses behind a prefix that a NAT64 router translates (RFC 6147). A name that does
/// not exist stays so.
/// </summary>
public sealed class Dns64Plugin(Dns64Settings settings) : IDnsPlugin, IHotPlugin
{
    // RFC 6147, section 5.1.7: no longer than a "no AAAA" may be remembered, and ten minutes where nobody says how long that is.
    private const uint LongestTtl = 600;
    private const int ReservedByte = 8;

    public string Name => "dns64";

    // All other types go on at once to who answers at once.
    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => query.Type == RecordType.AAAA ? HotOutcome.Slow : HotOutcome.Pass;

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var answer = await next(request, cancel).ConfigureAwait(false);
        if (request.Query is not { Type: RecordType.AAAA, IsInternetClass: true } || answer is null || CodeOf(answer) != ResponseCode.NoError
            || (!settings.AllowIpv4 && request.Client.AddressFamily == AddressFamily.InterNetwork && !request.Client.IsIPv4MappedToIPv6))
            return answer;
        var name = request.Query.Name.TrimEnd('.');
        if (!settings.TranslateAll && AliasTarget.Owned(answer, name).Any(record => record.Type == RecordType.AAAA))
            return answer;
        var query = request.Query with { Type = RecordType.A, Question = AliasTarget.Question(name, RecordType.A) };
        if (await next(request with { Query = query, Packet = default }, cancel).ConfigureAwait(false) is not { } old || CodeOf(old) != ResponseCode.NoError)
            return answer;
        var translated = AliasTarget.Owned(old, name).Where(record => record.Type == RecordType.A)
            .Select(record => ResourceRecord.Address(null, Embed(settings.Prefix, record.Data), Math.Min(record.Ttl, LongestTtl))).ToList();
        // Signatures hold for what was signed, not for this.
        return translated.Count == 0 ? answer : new DnsAnswer(ResponseCode.NoError) { Answers = translated, Source = $"dns64: {settings.Prefix} of {old.Source ?? "an IPv4 address"}" };
    }

    /// <summary>An IPv4 address behind the prefix; bits 64 to 71 stay zero (RFC 6052, section 2.2).</summary>
    internal static IPAddress Embed(IPNetwork prefix, ReadOnlySpan<byte> address)
    {
        var bytes = prefix.BaseAddress.GetAddressBytes();
        var at = prefix.PrefixLength / 8;
        foreach (var part in address)
        {
            if (at == ReservedByte)
                at++;
            bytes[at++] = part;
        }

        return new IPAddress(bytes);
    }

    private static ResponseCode CodeOf(DnsAnswer answer) => answer.Raw is { Length: > 3 } raw ? (ResponseCode)(raw[3] & 0x0f) : answer.Code;
}
