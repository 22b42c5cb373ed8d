using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Network.Dns.Hot;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Wire;
using Network.Linux;

namespace Network.Dns.Plugins.Hosts;

/// <summary>How a hosts file is served.</summary>
/// <param name="Path">Null for none.</param>
/// <param name="Inline">Lines of the same format.</param>
/// <param name="Fallthrough">What the file does not know is asked of the next plugin.</param>
public sealed record HostsSettings(string? Path, IReadOnlyList<string> Inline, uint Ttl, bool Fallthrough, bool Reverse);

/// <summary>Names and addresses of a hosts file (hosts(5)), read again when it changes; a file that cannot be read leaves the former one in force.</summary>
public sealed partial class HostsPlugin : IDnsPlugin, IHotPlugin, IDisposable
{
    private readonly HostsSettings _settings;
    private readonly ILogger _logger;
    private readonly FileWatch? _watch;
    private volatile NameTable _table;

    public HostsPlugin(HostsSettings settings, ILogger logger)
    {
        (_settings, _logger) = (settings, logger);
        _table = Build();
        if (settings.Path is not { } path || Path.GetDirectoryName(Path.GetFullPath(path)) is not { } folder || !Directory.Exists(folder))
            return;
        // The folder: editors and volumes replace the file instead of writing into it.
        _watch = new FileWatch(path);
        _ = _watch.FollowAsync(Reload, FileWatch.Quiet);
    }

    public string Name => "hosts";

    HotOutcome IHotPlugin.TryAnswer(ref HotQuery query)
    {
        if (_table.Find(query.Hash, query.Name) is not { } entry)
            return _settings.Fallthrough ? HotOutcome.Pass : HotOutcome.Slow;
        if (entry.Find(query.Type) is not { } set)
            return HotOutcome.Slow;
        HotAnswer.Write(ref query, set, 0);
        return HotOutcome.Answered;
    }

    public ValueTask<DnsAnswer?> HandleAsync(DnsRequest request, Func<DnsRequest, CancellationToken, ValueTask<DnsAnswer?>> next, CancellationToken cancel)
    {
        var entry = _table.Find(WireName.Of(request.Query.Name));
        if (entry is null)
            return _settings.Fallthrough ? next(request, cancel) : ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.NxDomain));
        var set = entry.Find(request.Query.Type);
        return ValueTask.FromResult<DnsAnswer?>(new DnsAnswer(ResponseCode.NoError) { Authoritative = true, Answers = set?.Decode(request.Query.Name).Answers ?? [], Source = $"hosts: {_settings.Path ?? "lines of the Corefile"}" });
    }

    public void Dispose() => _watch?.Dispose();

    /// <summary>Address and names of each line; comments and what is no address are passed over, as the C library does.</summary>
    internal static IEnumerable<(IPAddress Address, string Name)> Read(IEnumerable<string> lines) =>
        from line in lines
        let words = line.Split('#')[0].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)
        where words.Length > 1 && IPAddress.TryParse(words[0], out _)
        from name in words.Skip(1)
        select (IPAddress.Parse(words[0]), name.TrimEnd('.').ToLowerInvariant());

    private void Reload()
    {
        try
        {
            _table = Build();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            LogUnread(_settings.Path!, e.Message);
        }
    }

    private NameTable Build()
    {
        var lines = _settings.Path is { } path ? _settings.Inline.Concat(File.ReadLines(path)) : _settings.Inline;
        var hosts = Read(lines).ToList();
        var table = new NameTable();
        foreach (var host in hosts.GroupBy(host => host.Name, StringComparer.Ordinal))
            Put(table, host.Key, host.Select(pair => pair.Address).Distinct().GroupBy(address => address.AddressFamily).OrderBy(family => family.Key != AddressFamily.InterNetwork)
                .Select(family => family.Select(address => ResourceRecord.Address(null, address, _settings.Ttl)).ToList()));
        foreach (var address in _settings.Reverse ? hosts.GroupBy(host => host.Address) : [])
            Put(table, ReverseName.Of(address.Key), [address.Select(pair => ResourceRecord.Pointer(null, pair.Name, _settings.Ttl)).ToList()]);
        return table;
    }

    private static void Put(NameTable table, string name, IEnumerable<List<ResourceRecord>> sets)
    {
        var wire = WireName.Of(name);
        table.Put(new NameEntry(wire, sets.Select(set => RecordSet.Encode(wire.Length, set, [])).ToArray()) { InZone = true });
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "hosts file={Path} not read again: {Reason}; the former one stays in force")]
    private partial void LogUnread(string path, string reason);
}
