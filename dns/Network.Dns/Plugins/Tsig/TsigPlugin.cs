using System.Security.Cryptography;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Tsig;

/// <param name="Secrets">By the key's name in lower case on the wire.</param>
/// <param name="Required">Types that are not answered without proof; null means all.</param>
public sealed record TsigSettings(IReadOnlyList<(byte[] Name, byte[] Secret)> Secrets, IReadOnlyList<RecordType>? Required);

/// <summary>
/// Questions and answers proven by a shared secret (RFC 8945). A proof that is wrong is answered NOTAUTH with what is wrong
/// about it; one that is missing where it must not be, REFUSED; the answer to a proven question is proven.
/// </summary>
public sealed class TsigPlugin(TsigSettings settings, TimeProvider time) : IDnsPlugin, IHotPlugin
{
    // A shorter MAC proves too little (RFC 8945 5.2.2.1).
    private const int LeastMac = 10;

    public string Name => "tsig";

    // Questions with a record never come here: they are no plain ones.
    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => IsRequired(query.Type) ? HotOutcome.Slow : HotOutcome.Pass;

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        if (request.Packet.IsEmpty)
            return await next(request, cancel).ConfigureAwait(false);
        if (!TsigRecord.TryFind(request.Packet.Span, out var record))
            return new DnsAnswer(ResponseCode.FormErr);
        if (record is null)
            return IsRequired(request.Query.Type) ? new DnsAnswer(ResponseCode.Refused) : await next(request, cancel).ConfigureAwait(false);
        var secret = settings.Secrets.FirstOrDefault(key => key.Name.AsSpan().SequenceEqual(record.KeyName)).Secret;
        if (secret is null || TsigMac.LengthOf(record.Algorithm) == 0)
            return Refuse(record, null, TsigError.BadKey);
        if (Judge(record, secret, request.Packet.Span) is { } error)
            return error == TsigError.None ? new DnsAnswer(ResponseCode.FormErr) : Refuse(record, error == TsigError.BadTime ? secret : null, error);
        var answer = await next(request, cancel).ConfigureAwait(false);
        var signer = new TsigSigner(secret, record, TsigError.None, time);
        return answer is null || ReferenceEquals(answer, DnsAnswer.None) ? answer
            : answer.Messages is { } messages ? answer with { Messages = signer.SignAll(messages) } : answer with { Signer = signer };
    }

    // Key, MAC, time, truncation, in this order (RFC 8945 5.2). Null when all is well, None for a MAC of no possible length.
    private TsigError? Judge(TsigRecord record, byte[] secret, ReadOnlySpan<byte> packet)
    {
        var whole = TsigMac.OfQuestion(secret, record, packet);
        if (record.Mac.Length > whole.Length || record.Mac.Length < Math.Max(LeastMac, whole.Length / 2))
            return TsigError.None;
        if (!CryptographicOperations.FixedTimeEquals(record.Mac, whole.AsSpan(0, record.Mac.Length)))
            return TsigError.BadSig;
        var now = (ulong)time.GetUtcNow().ToUnixTimeSeconds();
        if ((now > record.Time ? now - record.Time : record.Time - now) > record.Fudge)
            return TsigError.BadTime;
        return record.Mac.Length < whole.Length ? TsigError.BadTrunc : null;
    }

    private DnsAnswer Refuse(TsigRecord record, byte[]? secret, TsigError error) => new(ResponseCode.NotAuth) { Signer = new TsigSigner(secret, record, error, time) };

    private bool IsRequired(RecordType type)
    {
        if (settings.Required is not { } required)
            return true;
        for (var i = 0; i < required.Count; i++)
        {
            if (required[i] == type)
                return true;
        }

        return false;
    }
}
