using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Wire;
using Network.Dns.Zones;
using Network.Linux;

namespace Network.Dns.Plugins.ZoneFiles;

/// <summary>How a zone file is served.</summary>
/// <param name="Origin">Dotted, lower case, without the final dot.</param>
/// <param name="State">Where the serial given out last is kept; null for memory only.</param>
/// <param name="Fallthrough">Zones in which unknown names are asked of the next plugin; empty text means all.</param>
public sealed record FileSettings(string Path, string Origin, string? State, IReadOnlyList<string> Fallthrough);

/// <summary>
/// A zone out of a master file, read again when the file changes. A file that cannot be used leaves the former zone in force; a
/// server that has none yet answers SERVFAIL for this zone alone.
/// </summary>
public sealed partial class FilePlugin : IDnsPlugin, IHotPlugin, IZoneSource, IDisposable
{
    private readonly FileSettings _settings;
    private readonly ILogger _logger;
    private readonly byte[] _origin;
    private readonly byte[][] _fallthrough;
    private readonly FileWatch? _watch;
    private readonly Meter _meter = new("Network.Dns");
    private readonly Lock _loading = new();
    private readonly ZoneMemory _memory;
    private volatile ServedZone? _served;
    private long _failures;
    private uint _rotation;

    public FilePlugin(FileSettings settings, ZoneMemories memories, ILogger logger)
    {
        (_settings, _logger, _origin) = (settings, logger, WireName.Of(settings.Origin));
        _fallthrough = settings.Fallthrough.Select(WireName.Of).ToArray();
        // A Corefile that changes while the zone file is broken must not lose the zone.
        _memory = memories.Of(settings);
        _served = _memory.Last;
        KeyValuePair<string, object?> zone = new("zone", settings.Origin + ".");
        _meter.CreateObservableGauge("podnet_dns_zone_serial", () => _served is { } served ? [new Measurement<long>(served.Zone.Serial, zone)] : (Measurement<long>[])[], null, "Serial of a zone file in force.");
        _meter.CreateObservableCounter("podnet_dns_zone_failures_total", () => new Measurement<long>(Volatile.Read(ref _failures), zone), null, "Times a changed zone file could not be used.");
        if (Path.GetDirectoryName(Path.GetFullPath(settings.Path)) is not { } folder || !Directory.Exists(folder))
        {
            Load();
            return;
        }

        // The folder: editors and volumes replace the file instead of writing into it; included files stand beside it.
        _watch = new FileWatch(settings.Path);
        _ = _watch.FollowAsync(Load, FileWatch.Quiet);
        // What changed before the watch began.
        Load();
    }

    public string Name => "file";

    ReadOnlyMemory<byte> IZoneSource.Origin => _origin;

    public event Action? Changed;

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query)
    {
        if (!Zone.IsWithin(query.Name, _origin))
            return HotOutcome.Pass;
        if (_served?.Table.Find(query.Hash, query.Name)?.Find(query.Type) is not { } set)
            return HotOutcome.Slow;
        HotAnswer.Write(ref query, set, _rotation++);
        return HotOutcome.Answered;
    }

    public async ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var name = request.Query.FoldedName();
        if (!Zone.IsWithin(name, _origin))
            return await next(request, cancel).ConfigureAwait(false);
        if (_served is not { } served)
            return new DnsAnswer(ResponseCode.ServFail) { Error = ExtendedError.NotReady, Source = $"file: {_settings.Path} was never readable" };
        var answer = served.Zone.Answer(name, request.Query.Type);
        if (answer.Code == ResponseCode.NxDomain && _fallthrough.Any(zone => Zone.IsWithin(name, zone)))
            return await next(request, cancel).ConfigureAwait(false);
        return answer with { Source = $"file: {_settings.Path}, serial {served.Zone.Serial}" };
    }

    public ZoneState? State() => _served?.Zone is { } zone ? new ZoneState(zone.Authority, zone.Records.ToList(), zone.Serial) : null;

    public void Dispose()
    {
        _watch?.Dispose();
        _meter.Dispose();
    }

    private void Load()
    {
        lock (_loading)
        {
            try
            {
                var read = ZoneFile.Read(_settings.Path, _settings.Origin);
                var serial = _memory.Serials.Next(read);
                if (serial == _served?.Zone.Serial)
                    return;
                var zone = serial == read.Serial ? read : read.WithSerial(serial);
                _memory.Last = _served = new ServedZone(zone, zone.ToTable());
                LogLoaded(_settings.Origin, _settings.Path, zone.Serial, zone.Count);
                if (serial != read.Serial)
                    LogSerial(_settings.Path, read.Serial, serial);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ZoneFileException)
            {
                Interlocked.Increment(ref _failures);
                LogUnread(_settings.Origin, e.Message, _served is null ? "its names are SERVFAIL until the file can be read" : $"serial {_served.Zone.Serial} stays in force");
                return;
            }
        }

        Changed?.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "zone={Zone}. file={Path} serial={Serial} records={Records} in force")]
    private partial void LogLoaded(string zone, string path, uint serial, int records);

    [LoggerMessage(Level = LogLevel.Warning, Message = "zone file={Path} changed without a higher serial than the one given out; {Serial} is served as {Served}, so that secondaries follow")]
    private partial void LogSerial(string path, uint serial, uint served);

    [LoggerMessage(Level = LogLevel.Error, Message = "zone={Zone}. not read: {Reason}; {Consequence}")]
    private partial void LogUnread(string zone, string reason, string consequence);
}
