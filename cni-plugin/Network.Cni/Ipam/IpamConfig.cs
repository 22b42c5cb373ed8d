using System.Text.Json;
using Network.Cni.Protocol;

namespace Network.Cni.Ipam;

/// <summary>How addresses are managed, as in host-local: ranges, routes, where reservations are kept, what is asked for.</summary>
internal sealed record IpamConfig
{
    /// <summary>Addresses live as long as their veths: until the next boot.</summary>
    internal const string DefaultDataDirectory = "/run/podnet/cni";

    internal required string Network { get; init; }

    internal required IReadOnlyList<RangeSet> Sets { get; init; }

    internal string DataDirectory { get; init; } = DefaultDataDirectory;

    internal IReadOnlyList<RouteEntry> Routes { get; init; } = [];

    /// <summary>Of the file ipam.resolvConf; undefined when absent.</summary>
    internal JsonElement Dns { get; init; }

    /// <summary>Addresses this pod must get.</summary>
    internal IReadOnlyList<Ip> Requested { get; init; } = [];

    internal static IpamConfig Parse(NetworkConfig config, CniEnvironment environment)
    {
        var ipam = config.Root.Object("ipam");
        List<RangeSet> sets = [];
        sets.AddRange(SetsOf(config.RuntimeConfig, "ipRanges"));
        if (ipam.TryGet("subnet", out _))
            sets.Add(new RangeSet([AddressRange.Parse(ipam)]));
        sets.AddRange(SetsOf(ipam, "ranges"));
        if (sets.Count == 0)
            throw (ipam.Exists ? ipam : new ConfigObject(default, "ipam.")).Invalid("subnet", null, "a network such as 10.244.1.0/24, or ipam.ranges");
        RefuseOverlaps(ipam, sets);
        var directory = ipam.Text("dataDir") ?? DefaultDataDirectory;
        return new IpamConfig
        {
            Network = config.Name,
            Sets = sets,
            DataDirectory = directory.StartsWith('/') ? directory : throw ipam.Invalid("dataDir", directory, "a path from the root"),
            Dns = ipam.Text("resolvConf") is { } file ? ResolverFile.Read(file) : default,
            Routes = [.. ipam.Objects("routes").Select(RouteEntry.Parse)],
            Requested = RequestedBy(config, environment, sets),
        };
    }

    private static IEnumerable<RangeSet> SetsOf(ConfigObject config, string name)
    {
        var number = 0;
        foreach (var list in config.List(name))
        {
            var path = $"{config.Path}{name}[{number++}]";
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
                throw new CniException(CniError.InvalidConfig, $"field {path} is no list of ranges; give [{{\"subnet\": \"10.244.1.0/24\"}}]");
            var ranges = list.EnumerateArray().Select((item, at) => AddressRange.Parse(ConfigObject.Of(item, $"{path}[{at}]"))).ToList();
            if (ranges.Exists(range => range.Subnet.IsV6 != ranges[0].Subnet.IsV6))
                throw new CniException(CniError.InvalidConfig, $"field {path} mixes IPv4 and IPv6; give each family a list of its own");
            yield return new RangeSet(ranges);
        }
    }

    private static void RefuseOverlaps(ConfigObject ipam, List<RangeSet> sets)
    {
        var sorted = sets.SelectMany(set => set.Ranges).OrderBy(range => range.First).ToList();
        for (var i = 1; i < sorted.Count; i++)
        {
            if (sorted[i].First <= sorted[i - 1].Last)
                throw ipam.Invalid("ranges", $"{sorted[i - 1]} and {sorted[i]}", "ranges that do not overlap");
        }
    }

    // CNI conventions: the runtime's own word counts most, then args.cni, then the variable of old.
    private static IReadOnlyList<Ip> RequestedBy(NetworkConfig config, CniEnvironment environment, List<RangeSet> sets)
    {
        List<(string Source, string Text)> asked = [.. config.RuntimeConfig.Texts("ips").Select(text => ("runtimeConfig.ips", text))];
        if (asked.Count == 0)
            asked.AddRange(config.Root.Object("args").Object("cni").Texts("ips").Select(text => ("args.cni.ips", text)));
        if (asked.Count == 0 && environment.Arguments().TryGetValue("IP", out var list))
            asked.AddRange(list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(text => ("CNI_ARGS IP", text)));
        List<Ip> addresses = [];
        foreach (var (source, text) in asked)
        {
            var code = source == "CNI_ARGS IP" ? CniError.BadEnvironment : CniError.InvalidConfig;
            if (!Subnet.TryParseAddress(text, out var address, out _))
                throw new CniException(code, $"{source} holds \"{text}\"; give addresses such as 10.244.1.5 or 10.244.1.5/24");
            var set = sets.FirstOrDefault(set => set.RangeOf(address) is { } range && range.MayGrant(address))
                ?? throw new CniException(code, $"{source} asks for {address}, which is in no range of network {config.Name}, or its gateway, or excluded");
            if (addresses.Exists(other => set.RangeOf(other) is not null))
                throw new CniException(code, $"{source} asks for two addresses of {set}; a pod gets one of each list of ranges");
            addresses.Add(address);
        }

        return addresses;
    }
}
