using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Network.Dns.Plugins.Search;
using Network.Dns.Wire;

namespace Network.Dns.Clients;

/// <summary>
/// Who asks how much, and which names are asked for that do not exist: by pod of this node, everybody else in one line. The
/// number of series is that of the node's pods, whatever is asked.
/// </summary>
internal sealed class ClientLedger : IDisposable
{
    private const int MostNames = 20;
    private readonly PodDirectory _pods;
    private readonly ClientCounts _others = new();
    private readonly FrequentNames _missing = new();
    private readonly Meter _meter = new("Network.Dns");

    internal ClientLedger(PodDirectory pods)
    {
        _pods = pods;
        _meter.CreateObservableCounter("podnet_dns_client_requests_total", () => Series(counts => counts.Queries), null, "Questions by the pod that asked; without names those of everybody else.");
        _meter.CreateObservableCounter("podnet_dns_client_nxdomain_total", () => Series(counts => counts.Missing), null, "Answers that a name does not exist, by the pod that asked.");
        _meter.CreateObservableCounter("podnet_dns_client_failures_total", () => Series(counts => counts.Failed), null, "SERVFAIL and REFUSED by the pod that asked.");
    }

    /// <param name="client">4 or 16 bytes.</param>
    internal void Count(ReadOnlySpan<byte> client, ulong hash, ReadOnlySpan<byte> name, ResponseCode code)
    {
        (_pods.CountsOf(client) ?? _others).Count(code);
        if (code == ResponseCode.NxDomain)
            _missing.Add(hash, name);
    }

    internal void Count(IPAddress client, DnsQuery query, ResponseCode code)
    {
        Span<byte> name = stackalloc byte[WireName.ScratchLength];
        Span<byte> address = stackalloc byte[16];
        var hash = WireName.Fold(query.Question.Span[..^4], name);
        (client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client).TryWriteBytes(address, out var length);
        Count(address[..length], hash, name[..(query.Question.Length - 4)], code);
    }

    /// <summary>For people: the pods that ask most, and the missing names asked for most.</summary>
    internal string Table()
    {
        var text = new StringBuilder($"{"QUERIES",10} {"NXDOMAIN",10} {"FAILED",10}  CLIENT\n");
        foreach (var (ns, name, counts) in Clients().OrderByDescending(client => client.Counts.Queries).Take(MostNames))
            text.Append($"{counts.Queries,10} {counts.Missing,10} {counts.Failed,10}  {(name.Length == 0 ? "others" : $"{ns}/{name}")}\n");
        text.Append($"\n{"TIMES",10}  NAME THAT DOES NOT EXIST\n");
        foreach (var (name, count) in _missing.Top(MostNames))
            text.Append($"{count,10}  {name}\n");
        return text.ToString();
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<(string Namespace, string Name, ClientCounts Counts)> Clients() =>
        _pods.All.Select(known => (known.Pod.Namespace, known.Pod.Name, known.Counts)).Append(("", "", _others));

    private IEnumerable<Measurement<long>> Series(Func<ClientCounts, long> value) => Clients().GroupBy(client => (client.Namespace, client.Name))
        .Select(pod => new Measurement<long>(pod.Sum(address => value(address.Counts)), new("namespace", pod.Key.Namespace), new("pod", pod.Key.Name)));
}
