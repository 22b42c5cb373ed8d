using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Transfer;

/// <summary>Who gets the zones.</summary>
/// <param name="Zones">Dotted; empty for all of the block.</param>
/// <param name="To">Secondaries that are told of changes; only they may fetch, unless <paramref name="ToAll"/>.</param>
/// <param name="From">Own addresses, from which secondaries are told: they know no others.</param>
/// <param name="State">Folder of the journals; null for memory only.</param>
public sealed record TransferSettings(IReadOnlyList<string> Zones, IReadOnlyList<IPEndPoint> To, bool ToAll, IReadOnlyList<IPAddress> From, string? State);

/// <summary>Gives zones to secondaries, whole (AXFR, RFC 5936) or what changed (IXFR, RFC 1995), and tells them of changes (RFC 1996).</summary>
public sealed partial class TransferPlugin(TransferSettings settings, TimeProvider time, ILogger logger) : IDnsPlugin, IHotPlugin, IDisposable
{
    private readonly ILogger _logger = logger;
    private readonly ConcurrentDictionary<IZoneSource, ZoneJournal> _journals = new();
    private readonly Meter _meter = new("Network.Dns");
    private IReadOnlyList<IZoneSource> _sources = [];
    private IReadOnlyList<NotifySender> _senders = [];
    private Counter<long>? _transfers;

    public string Name => "transfer";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query) => HotOutcome.Pass;

    public ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        if (request.Query.Type is not (RecordType.AXFR or RecordType.IXFR))
            return next(request, cancel);
        var name = request.Query.FoldedName();
        var source = _sources.FirstOrDefault(source => source.Origin.Span.SequenceEqual(name));
        var answer = source is null ? new DnsAnswer(ResponseCode.NotAuth)
            : !IsAllowed(request.Client) ? new DnsAnswer(ResponseCode.Refused) { Error = ExtendedError.Prohibited }
            : Give(request, source);
        if (answer.Messages is null)
            LogRefused(request.Query.Name, request.Query.Type, request.Client, answer.Code);
        return ValueTask.FromResult<DnsAnswer?>(answer);
    }

    /// <summary>The zones there are to give; those that are not meant are passed over.</summary>
    internal void Attach(IEnumerable<IZoneSource> sources)
    {
        _transfers = _meter.CreateCounter<long>("podnet_dns_transfers_total", null, "Zones given to secondaries.");
        _sources = sources.Where(source => settings.Zones.Count == 0 || settings.Zones.Any(zone => source.Origin.Span.SequenceEqual(WireName.Of(zone)))).ToList();
        _senders = settings.To.SelectMany(to => _sources.Select(source => new NotifySender(source, to, settings.From, time, _logger))).ToList();
    }

    public void Dispose()
    {
        foreach (var sender in _senders)
            sender.Dispose();
        _meter.Dispose();
    }

    private bool IsAllowed(IPAddress client)
    {
        var plain = client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client;
        return settings.ToAll || settings.To.Any(to => to.Address.Equals(plain));
    }

    private DnsAnswer Give(DnsRequest request, IZoneSource source)
    {
        // A zone goes over a connection: a forged sender would draw it onto somebody else (RFC 5936 4.2).
        if (request.Query.Type == RecordType.AXFR && !request.OverTcp)
            return new DnsAnswer(ResponseCode.Refused);
        if (source.State() is not { } now)
            return new DnsAnswer(ResponseCode.ServFail) { Error = ExtendedError.NotReady };
        var known = request.Query.Type == RecordType.IXFR ? SerialOf(request.Packet.Span) : null;
        if (request.Query.Type == RecordType.IXFR && known is null)
            return new DnsAnswer(ResponseCode.FormErr);
        var (state, since) = Journal(source).Advance(now, known);
        var (how, messages) = Choose(request, state, known, since);
        _transfers?.Add(1, new("zone", request.Query.Name), new("kind", how));
        LogGiven(request.Query.Name, how, request.Client, known, state.Serial, messages.Count);
        return new DnsAnswer(ResponseCode.NoError) { Messages = messages };
    }

    private static (string How, List<byte[]> Messages) Choose(DnsRequest request, ZoneState state, uint? known, IReadOnlyList<ZoneDifference>? since)
    {
        var query = request.Query;
        if (known is { } serial && !SerialKeeper.IsLater(state.Serial, serial))
            return ("current", [TransferMessages.OnlyAuthority(query, state.Authority)]);
        if (request.OverTcp)
            return since is null ? ("whole", TransferMessages.Whole(query, state).ToList()) : ("differences", TransferMessages.Differences(query, state.Authority, since).ToList());
        var limit = Math.Min(query.UdpSize, AnswerWriter.MaxUdpSize);
        var messages = since is null ? [] : TransferMessages.Differences(query, state.Authority, since, limit).ToList();
        return messages is [var only] && only.Length <= limit ? ("differences", messages) : ("current", [TransferMessages.OnlyAuthority(query, state.Authority)]);
    }

    private ZoneJournal Journal(IZoneSource source) => _journals.GetOrAdd(source, key =>
        new ZoneJournal(settings.State is { } state ? Path.Combine(state, $"journal-{StateName.Of(WireName.ToText(key.Origin.Span))}") : null));

    // The serial the asker has stands in its authority section (RFC 1995 3).
    private static uint? SerialOf(ReadOnlySpan<byte> packet)
    {
        var records = new List<RawMessage.RecordAt>();
        if (!RawMessage.TryWalk(packet, records))
            return null;
        var soa = records.FirstOrDefault(record => record is { Section: 2, Type: RecordType.SOA });
        return soa.End - soa.Offset >= 10 + 22 ? BinaryPrimitives.ReadUInt32BigEndian(packet[(soa.End - 20)..]) : null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "transfer zone={Zone} kind={Kind} to={Client} from serial={Known} to serial={Serial} messages={Messages}")]
    private partial void LogGiven(string zone, string kind, IPAddress client, uint? known, uint serial, int messages);

    [LoggerMessage(Level = LogLevel.Warning, Message = "transfer zone={Zone} type={Type} to={Client} refused: {Code}")]
    private partial void LogRefused(string zone, RecordType type, IPAddress client, ResponseCode code);
}
