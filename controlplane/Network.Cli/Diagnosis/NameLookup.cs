using System.Globalization;
using System.Net;
using Network.Diagnosis.Explain;
using Network.Diagnosis.Findings;
using Network.Dns.Client;
using Network.Dns.Wire;

namespace Network.Cli.Diagnosis;

/// <summary>Resolves a name as a pod does, and says what is wrong with the way it goes.</summary>
internal static class NameLookup
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>So many names for one are told.</summary>
    private const int Many = 4;

    internal static async Task<NameStep> AskAsync(string name, Origin from, CancellationToken cancel)
    {
        if (from.Pod?.Resolver is not { } text)
            return Of(name, null, [], "the sender's resolv.conf could not be read", default, new Finding(Kinds.ResolverSilent, from.Name, "resolv.conf", $"{from.Name} has no resolv.conf that can be read from here", "ask from a pod, or give an address"));
        var order = SearchOrder.Read(text);
        if (order.Servers is not [var server, ..])
            return Of(name, null, [], "no nameserver", default, new Finding(Kinds.ResolverSilent, from.Name, "resolv.conf", $"{from.Name} has no nameserver in its resolv.conf", "set dnsPolicy or dnsConfig of the pod"));
        var (asked, took) = (new List<string>(), TimeSpan.Zero);
        Resolution? last = null;
        foreach (var candidate in order.NamesOf(name))
        {
            last = await ResolverClient.AskAsync(new IPEndPoint(server, 53), candidate, RecordType.A, from.NetNs, s_patience, cancel).ConfigureAwait(false);
            asked.Add(candidate);
            took += last.Took;
            if (last.Code is null || last.Records.Count > 0)
                break;
        }

        return Judge(name, from, (server, order), (last!, asked, took));
    }

    private static NameStep Judge(string name, Origin from, (IPAddress Server, SearchOrder Order) resolver, (Resolution Last, List<string> Asked, TimeSpan Took) answer)
    {
        var (server, order) = resolver;
        var (last, asked, took) = answer;
        if (last.Code is null)
        {
            // A loopback address in a pod is what an analyzer finds: that nobody answers there is its effect.
            return Of(name, server, [], $"{asked[^1]} at {server}: no answer", took, IPAddress.IsLoopback(server) ? null
                : new Finding(Kinds.ResolverSilent, from.Name, server.ToString(), $"{server} does not answer {from.Name}{(last.Source is null ? "" : $": {last.Source}")}", $"the DNS server of {from.Machine.Name}: podnet status, its log; podnet resolve {name} --from {from.Name}"));
        }

        var questions = asked.Count == 1 ? "1 question" : $"{asked.Count.ToString(CultureInfo.InvariantCulture)} questions";
        if (last.Records.Count == 0)
            return Of(name, server, [], $"{name}: {last.Code}, {questions} at {server}", took, last.Code == ResponseCode.NxDomain
                ? new Finding(Kinds.NameUnknown, from.Name, name, $"no server knows {name}: asked {string.Join(", ", asked)}", "the name as the pod writes it: SERVICE, or SERVICE.NAMESPACE for another namespace")
                : new Finding(Kinds.ResolverSilent, from.Name, name, $"{server} answers {name} with {last.Code}", "its log; an upstream that does not answer: podnet resolve says which"));
        var addresses = last.Records.Select(record => IPAddress.TryParse(record, out var address) ? address : null).OfType<IPAddress>().ToList();
        var amplified = asked.Count >= Many ? new Finding(Kinds.NameAmplified, from.Name, name, $"{name} took {questions}: ndots is {order.Dots.ToString(CultureInfo.InvariantCulture)}, so the {order.Searches.Count.ToString(CultureInfo.InvariantCulture)} search domains were tried first",
            "end the name with a dot, or set ndots by dnsConfig") : null;
        return Of(name, server, addresses, $"{asked[^1]} > {string.Join(", ", last.Records)} ({questions} at {server}{(last.Source is null ? "" : $", {last.Source}")})", took, amplified);
    }

    private static NameStep Of(string name, IPAddress? server, IReadOnlyList<IPAddress> addresses, string text, TimeSpan took, Finding? fault) => new(name, server, addresses, text, took, fault);
}
