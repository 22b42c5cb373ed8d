using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Network.Dns.Plugins;
using Network.Dns.Plugins.Acl;
using Network.Dns.Plugins.Any;
using Network.Dns.Plugins.Cache;
using Network.Dns.Plugins.Chaos;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Plugins.Dns64;
using Network.Dns.Plugins.Errors;
using Network.Dns.Plugins.Forward;
using Network.Dns.Plugins.Hosts;
using Network.Dns.Plugins.Log;
using Network.Dns.Plugins.Loop;
using Network.Dns.Plugins.Rewrite;
using Network.Dns.Plugins.Search;
using Network.Dns.Plugins.Template;
using Network.Dns.Plugins.Transfer;
using Network.Dns.Plugins.Tsig;
using Network.Dns.Plugins.ZoneFiles;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Config;

/// <summary>What plugins are made of.</summary>
public sealed record PluginContext(ClusterIndex Index, PodDirectory Pods, TimeProvider Time, ILogger Logger)
{
    /// <summary>Of the server block; dotted, empty text for all names.</summary>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <summary>Where the block is served.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>Folder for what outlives a restart; null for memory only.</summary>
    public string? State { get; init; }

    /// <summary>Outlives the plugins.</summary>
    public ZoneMemories ZoneFiles { get; init; } = new();

    /// <summary>What relative paths begin at.</summary>
    public string Root { get; init; } = ".";
}

/// <summary>
/// What can stand in a server block, in the order the plugins are asked, whatever the order in the file. A new plugin is one
/// folder and one line here. What makes no plugin the server has anyway, or it is said elsewhere.
/// </summary>
public static class Directives
{
    private static readonly (string Name, Func<Directive, PluginContext, IEnumerable<IDnsPlugin>> Make)[] s_order =
    [
        ("bind", Nothing),
        ("view", Nothing),
        ("reload", Nothing),
        ("health", Nothing),
        ("ready", Nothing),
        ("prometheus", Nothing),
        ("tsig", (line, context) => [new TsigPlugin(TsigDirective.Read(line, context, TypeOf), context.Time)]),
        ("loadbalance", (line, _) => LoadBalance(line)),
        ("errors", (_, context) => [new ErrorsPlugin(context.Logger)]),
        ("log", (line, context) => [Log(line, context)]),
        ("acl", (line, context) => [Acl(line, context)]),
        ("any", (_, _) => [new AnyPlugin()]),
        ("chaos", (line, _) => [new ChaosPlugin(line.Arguments.Count > 0 ? line.Arguments[0] : "podnet", Environment.MachineName)]),
        ("loop", (_, context) => [new LoopPlugin(context.Logger)]),
        ("rewrite", (line, _) => [new RewritePlugin([Rewrite(line)])]),
        ("template", (line, _) => [new TemplatePlugin([Template(line)])]),
        ("dns64", (line, _) => [new Dns64Plugin(Dns64(line))]),
        ("dnssec", (line, context) => [ZoneDirectives.Dnssec(line, context)]),
        ("transfer", (line, context) => [ZoneDirectives.Transfer(line, context)]),
        ("hosts", (line, context) => [Hosts(line, context)]),
        ("kubernetes", (line, context) => [new ClusterPlugin(context.Index, new SearchExpansion(context.Pods), KubernetesDirective.Read(line))]),
        ("file", ZoneDirectives.File),
        ("cache", (line, context) => [new CachePlugin(CacheDirective.Read(line), context.Time)]),
        ("forward", (line, context) => [new ForwardPlugin(ForwardDirective.Read(line), context.Time, context.Logger)]),
    ];

    /// <summary>The plugins of a block, in the order they are asked.</summary>
    /// <exception cref="CorefileException">A line that is not understood.</exception>
    public static IReadOnlyList<IDnsPlugin> Make(ServerBlock block, PluginContext context)
    {
        foreach (var line in block.Directives)
        {
            if (s_order.All(entry => entry.Name != line.Name))
                throw line.Refuse($"no such plugin here; there are {string.Join(", ", s_order.Select(entry => entry.Name).Order(StringComparer.Ordinal))}");
        }

        var plugins = new List<IDnsPlugin>();
        try
        {
            foreach (var (name, make) in s_order)
            {
                foreach (var line in block.Directives.Where(line => line.Name == name))
                {
                    foreach (var plugin in make(line, context))
                        Add(plugins, plugin);
                }
            }

            foreach (var transfer in plugins.OfType<TransferPlugin>())
                transfer.Attach(plugins.OfType<IZoneSource>());
            return plugins;
        }
        catch
        {
            plugins.OfType<IDisposable>().ToList().ForEach(plugin => plugin.Dispose());
            throw;
        }
    }

    // Rules of several lines are one list.
    private static void Add(List<IDnsPlugin> plugins, IDnsPlugin plugin)
    {
        if (plugin is RewritePlugin next && plugins.LastOrDefault() is RewritePlugin former)
            plugins[^1] = former.Then(next);
        else
            plugins.Add(plugin);
    }

    private static IEnumerable<IDnsPlugin> Nothing(Directive line, PluginContext context) => [];

    // Answers of the cluster zone take turns anyway; only the policy that does that is served.
    private static IEnumerable<IDnsPlugin> LoadBalance(Directive line) =>
        line.Arguments is [] or ["round_robin"] ? [] : throw line.Refuse($"policy \"{line.Arguments[0]}\" is not served; round_robin is");

    private static IDnsPlugin Log(Directive line, PluginContext context)
    {
        var every = line.Block.FirstOrDefault(option => option.Name == "sample");
        if (line.Block.FirstOrDefault(option => option.Name is not ("sample" or "class")) is { } unknown)
            throw unknown.Refuse("log knows sample N (every Nth query)");
        return new LogPlugin(context.Pods, every is null ? 1 : Math.Max(1, every.Number()), context.Logger);
    }

    private static IDnsPlugin Acl(Directive line, PluginContext context) => new AclPlugin(line.Block.Select(rule =>
    {
        var (types, networks) = (new List<RecordType>(), new List<IPNetwork>());
        for (var i = 0; i < rule.Arguments.Count; i++)
        {
            var keyword = rule.Arguments[i];
            if (keyword is not ("type" or "net") || i + 1 == rule.Arguments.Count)
                throw rule.Refuse($"\"{keyword}\" stands where \"type NAME\" or \"net RANGE\" should");
            for (; i + 1 < rule.Arguments.Count && rule.Arguments[i + 1] is not ("type" or "net"); i++)
            {
                if (keyword == "type" && rule.Arguments[i + 1] != "*")
                    types.Add(TypeOf(rule, rule.Arguments[i + 1]));
                else if (keyword == "net" && rule.Arguments[i + 1] != "*")
                    networks.Add(NetworkOf(rule, rule.Arguments[i + 1]));
            }
        }

        return new AclRule(Enum.TryParse<AclAction>(rule.Name, ignoreCase: true, out var action) ? action : throw rule.Refuse("rules begin with allow, block, filter or drop"), types, networks);
    }).ToList());

    private static RewriteRule Rewrite(Directive line)
    {
        var words = line.Arguments.ToList();
        var stop = words is not ["continue", ..];
        if (words is ["continue" or "stop", ..])
            words.RemoveAt(0);
        if (words is not ["name", ..])
            throw line.Refuse($"\"{words.FirstOrDefault()}\" is not served; name is");
        words.RemoveAt(0);
        var match = RewriteMatch.Exact;
        if (words.Count == 3 && Enum.TryParse(words[0], ignoreCase: true, out match))
            words.RemoveAt(0);
        if (words.Count != 2)
            throw line.Refuse("write: rewrite name [exact|prefix|suffix|substring|regex] FROM TO");
        string Full(string name) => match is RewriteMatch.Exact or RewriteMatch.Suffix && !name.EndsWith('.') ? name.ToLowerInvariant() + "." : name;
        try
        {
            return new RewriteRule(match, Full(words[0]), Full(words[1]), stop);
        }
        catch (ArgumentException e)
        {
            throw line.Refuse(e.Message);
        }
    }

    private static Dns64Settings Dns64(Directive line)
    {
        if (line.Block.FirstOrDefault(option => option.Name is not ("prefix" or "translate_all" or "allow_ipv4")) is { } unknown)
            throw unknown.Refuse("dns64 knows prefix, translate_all and allow_ipv4");
        var text = line.Block.FirstOrDefault(option => option.Name == "prefix")?.Single() ?? (line.Arguments.Count > 0 ? line.Arguments[0] : null);
        var prefix = text is null ? Dns64Settings.WellKnown : NetworkOf(line, text);
        if (prefix.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6 || !Dns64Settings.Lengths.Contains(prefix.PrefixLength))
            throw line.Refuse($"\"{text}\" is no IPv6 prefix of {string.Join(", ", Dns64Settings.Lengths)} bits");
        return new Dns64Settings(prefix, line.Block.Any(option => option.Name == "translate_all"), line.Block.Any(option => option.Name == "allow_ipv4"));
    }

    private static TemplateRule Template(Directive line)
    {
        var words = line.Arguments.ToList();
        if (words.Count < 2 || words[0] is not ("IN" or "ANY"))
            throw line.Refuse("write: template IN TYPE [ZONE] { match REGEX; answer RECORD }");
        RecordType? type = words[1] == "ANY" ? null : TypeOf(line, words[1]);
        if (line.Block.FirstOrDefault(option => option.Name is not ("match" or "answer" or "rcode" or "fallthrough")) is { } unknown)
            throw unknown.Refuse("template knows match, answer, rcode and fallthrough");
        var code = line.Block.FirstOrDefault(option => option.Name == "rcode") is { } rcode
            ? Enum.TryParse<ResponseCode>(rcode.Single(), ignoreCase: true, out var parsed) ? parsed : throw rcode.Refuse($"\"{rcode.Single()}\" is no response code")
            : ResponseCode.NoError;
        return new TemplateRule(words.Count > 2 ? words[2].TrimEnd('.').ToLowerInvariant() : "", type,
            line.Block.Where(option => option.Name == "match").Select(option => RegexOf(option)).ToList(),
            line.Block.Where(option => option.Name == "answer").Select(option => string.Join(' ', option.Arguments)).ToList(),
            code, line.Block.Any(option => option.Name == "fallthrough"));
    }

    private static IDnsPlugin Hosts(Directive line, PluginContext context)
    {
        string[] options = ["fallthrough", "ttl", "no_reverse", "reload"];
        var inline = line.Block.Where(option => !options.Contains(option.Name)).ToList();
        if (inline.FirstOrDefault(option => !IPAddress.TryParse(option.Name, out _)) is { } unknown)
            throw unknown.Refuse("hosts knows ADDRESS NAME..., ttl, no_reverse, reload and fallthrough");
        var path = line.Arguments.Count > 0 ? line.Arguments[0] : inline.Count > 0 ? null : "/etc/hosts";
        if (path is not null && !File.Exists(path))
            throw line.Refuse($"file {path} does not exist");
        return new HostsPlugin(new HostsSettings(path, inline.Select(option => $"{option.Name} {string.Join(' ', option.Arguments)}").ToList(),
            line.Block.FirstOrDefault(option => option.Name == "ttl")?.Number() ?? 3600,
            line.Block.Any(option => option.Name == "fallthrough"), line.Block.All(option => option.Name != "no_reverse")), context.Logger);
    }

    private static Regex RegexOf(Directive option)
    {
        try
        {
            // Go writes named groups as (?P<name>).
            return new Regex(option.Single().Replace("(?P<", "(?<", StringComparison.Ordinal), RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(100));
        }
        catch (ArgumentException e)
        {
            throw option.Refuse(e.Message);
        }
    }

    private static RecordType TypeOf(Directive line, string name) =>
        Enum.TryParse<RecordType>(name, ignoreCase: true, out var type) && !char.IsAsciiDigit(name[0]) ? type
        : name.StartsWith("TYPE", StringComparison.Ordinal) && ushort.TryParse(name[4..], out var number) ? (RecordType)number
        : throw line.Refuse($"\"{name}\" is no record type; write its name or TYPE and its number");

    private static IPNetwork NetworkOf(Directive line, string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw line.Refuse($"\"{text}\" is no address and no range");
}
