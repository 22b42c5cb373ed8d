using System.Net;
using System.Net.Sockets;
using Network.Dns.Transport;
using Network.Dns.Views;

namespace Network.Dns.Config;

/// <summary>From server blocks to addresses with plugins.</summary>
internal static class CorefilePlan
{
    /// <exception cref="CorefileException">A line that is not understood, or two blocks with the same zone and address.</exception>
    internal static List<DnsAddress> Make(IReadOnlyList<ServerBlock> blocks, DnsSettings settings, PluginContext context)
    {
        var places = new List<(IPEndPoint Address, DnsTransport Transport, DnsBlock Block)>();
        foreach (var block in blocks)
        {
            var addresses = Addresses(block, settings).ToList();
            var plugins = Directives.Make(block, context with { Zones = block.Keys.Select(key => key.Zone).Distinct().ToList(), Addresses = addresses, State = settings.StateDirectory });
            var view = ViewOf(block);
            foreach (var key in block.Keys)
            {
                var transport = key.Scheme switch { "tls" => DnsTransport.Tls, "https" => DnsTransport.Https, _ => DnsTransport.Plain };
                if (transport != DnsTransport.Plain && settings.Tls is null)
                    throw new CorefileException(block.File, block.Line, $"{key.Scheme}:// needs a certificate; start with --tls-cert and --tls-key");
                foreach (var address in addresses)
                    places.Add((new IPEndPoint(address, key.Port), transport, new DnsBlock(key.Zone, plugins) { View = view }));
            }
        }

        return places.GroupBy(place => (place.Address, place.Transport)).Select(group =>
        {
            if (group.Where(place => place.Block.View is null).GroupBy(place => place.Block.Zone).FirstOrDefault(zone => zone.Count() > 1) is { } twice)
                throw new CorefileException(blocks[0].File, blocks[^1].Line, $"zone \"{twice.Key}.\" stands twice on {group.Key.Address}");
            return new DnsAddress(group.Key.Address, group.Key.Transport, new DnsBlocks(group.Select(place => place.Block)));
        }).ToList();
    }

    // All expr lines must be true.
    private static ViewCondition? ViewOf(ServerBlock block)
    {
        var view = block.Directives.Where(line => line.Name == "view").ToList();
        if (view.Count == 0)
            return null;
        if (view.Count > 1)
            throw view[1].Refuse("a block has one view; write another expr line into it");
        view[0].Allow("expr");
        _ = view[0].Single();
        var conditions = view[0].Block.Select(line => Condition(line)).ToArray();
        if (conditions.Length == 0)
            throw view[0].Refuse("write: view NAME { expr EXPRESSION }");
        return (in ViewQuestion question) =>
        {
            foreach (var condition in conditions)
            {
                if (!condition(question))
                    return false;
            }

            return true;
        };
    }

    private static ViewCondition Condition(Directive line)
    {
        try
        {
            return ViewExpression.Parse(string.Join(' ', line.Arguments));
        }
        catch (FormatException e)
        {
            throw line.Refuse(e.Message);
        }
    }

    // Those of the agent, unless a bind line names others.
    private static IEnumerable<IPAddress> Addresses(ServerBlock block, DnsSettings settings)
    {
        var bind = block.Directives.Where(line => line.Name == "bind").ToList();
        return bind.Count == 0
            ? settings.Listen.Select(listen => listen.Address).Distinct()
            : bind.SelectMany(line => line.Arguments.Select(text => IPAddress.TryParse(text, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
                && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
                ? address
                : throw line.Refuse($"\"{text}\" is no address of this machine; write one")));
    }
}
