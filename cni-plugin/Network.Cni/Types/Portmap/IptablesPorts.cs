using System.Text;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Iptables;
using Network.Linux;

namespace Network.Cni.Types.Portmap;

/// <summary>
/// Port rules by iptables: two chains of our own in the nat table, one rule a mapping in each, marked by a comment.
/// Masquerading looks for translated connections instead of a mark, so it takes no bit from anybody.
/// </summary>
internal sealed class IptablesPorts(bool snat) : IPortBackend
{
    internal const string Name = "iptables";
    private const string Table = "nat";
    private const string Incoming = "PODNET-HOSTPORTS";
    private const string Outgoing = "PODNET-MASQUERADE";

    // iptables takes comments of at most 255 characters (XT_MAX_COMMENT_LEN).
    private const int LongestComment = 255;

    private static readonly (string Chain, string Target, IptablesRule Rule)[] s_hooks =
    [
        ("PREROUTING", Incoming, IptablesRule.New.Match("addrtype", "--dst-type", "LOCAL").Jump(Incoming)),
        ("OUTPUT", Incoming, IptablesRule.New.Match("addrtype", "--dst-type", "LOCAL").Jump(Incoming)),
        ("POSTROUTING", Outgoing, IptablesRule.New.Jump(Outgoing)),
    ];

    string IPortBackend.Name => Name;

    public void Set(PodPorts ports)
    {
        foreach (var v6 in ports.Addresses.Select(address => address.Address.IsV6).Distinct())
        {
            var rules = RulesOf(ports, v6).ToList();
            if (rules.Count == 0)
                continue;
            var present = Save(v6);
            var change = new IptablesTransaction();
            foreach (var chain in (string[])[Incoming, Outgoing])
            {
                if (!present.HasChain(Table, chain))
                    change.Chain(Table, chain);
            }

            foreach (var (chain, target, rule) in s_hooks)
            {
                if (present.Jumps(Table, chain, target) == 0)
                    change.Insert(Table, chain, rule);
            }

            foreach (var (chain, rule) in rules)
                change.Append(Table, chain, rule);
            Restore(v6, change.ToString());
        }
    }

    public void Remove(string key)
    {
        foreach (var v6 in (bool[])[false, true])
        {
            var present = Save(v6);
            var stale = from chain in (string[])[Incoming, Outgoing]
                        from rule in present.Rules(Table, chain)
                        where IsOf(rule, key)
                        select $"-D {chain} {rule}\n";
            var lines = string.Concat(stale);
            if (lines.Length > 0)
                Restore(v6, $"*{Table}\n{lines}COMMIT\n");
        }
    }

    public string? Missing(PodPorts ports)
    {
        foreach (var v6 in ports.Addresses.Select(address => address.Address.IsV6).Distinct())
        {
            var rules = RulesOf(ports, v6).ToList();
            var present = rules.Count == 0 ? null : Save(v6);
            foreach (var (chain, target, _) in present is null ? [] : s_hooks)
            {
                if (present!.Jumps(Table, chain, target) == 0)
                    return $"jump from {chain} to {target}";
            }

            foreach (var chain in rules.GroupBy(rule => rule.Chain))
            {
                if (present!.Rules(Table, chain.Key).Count(rule => IsOf(rule, ports.Key)) < chain.Count())
                    return $"one of {chain.Count()} in {chain.Key}";
            }
        }

        return null;
    }

    private IEnumerable<(string Chain, IptablesRule Rule)> RulesOf(PodPorts ports, bool v6)
    {
        var comment = CommentOf(ports.Key);
        foreach (var (mapping, pod) in ports.Pairs(v6))
        {
            var incoming = mapping.SpecificHostIp is { } ip ? IptablesRule.New.Destination($"{ip}/{ip.Bits}") : IptablesRule.New;
            yield return (Incoming, incoming.Protocol(mapping.Protocol).Match(mapping.Protocol, "--dport", $"{mapping.HostPort}").Comment(comment)
                .Jump("DNAT", "--to-destination", v6 ? $"[{pod.Address}]:{mapping.ContainerPort}" : $"{pod.Address}:{mapping.ContainerPort}"));
            if (!snat)
                continue;
            // The answer must come back through the node: to the pod itself, its neighbours on the bridge, and local processes.
            string[] near = v6 ? [NetworkOf(pod)] : [NetworkOf(pod), "127.0.0.0/8"];
            foreach (var source in near)
            {
                yield return (Outgoing, IptablesRule.New.Source(source).Destination($"{pod.Address}/{pod.Address.Bits}").Protocol(mapping.Protocol)
                    .Match(mapping.Protocol, "--dport", $"{mapping.ContainerPort}").Match("conntrack", "--ctstate", "DNAT").Comment(comment).Jump("MASQUERADE"));
            }
        }

        foreach (var pod in ports.Addresses.Where(pod => ports.Masquerade && pod.Address.IsV6 == v6))
        {
            foreach (var notTo in (string[])[NetworkOf(pod), v6 ? "ff00::/8" : "224.0.0.0/4"])
                yield return (Outgoing, IptablesRule.New.Source($"{pod.Address}/{pod.Address.Bits}").Destination(notTo).Comment(comment).Jump("RETURN"));
            yield return (Outgoing, IptablesRule.New.Source($"{pod.Address}/{pod.Address.Bits}").Comment(comment).Jump("MASQUERADE"));
        }
    }

    private static string NetworkOf(GrantedAddress pod) =>
        Subnet.TryParseAddress(pod.ToString(), out _, out var subnet) ? subnet.ToString() : $"{pod.Address}/{pod.Address.Bits}";

    private static string CommentOf(string key) => PodPorts.Mark(key, LongestComment);

    private static bool IsOf(string rule, string key) => rule.Contains($"--comment \"{CommentOf(key)}\"", StringComparison.Ordinal);

    private static IptablesSnapshot Save(bool v6) => IptablesSnapshot.Parse(Run($"{ProgramOf(v6)}-save", ["-t", Table], ""));

    private static void Restore(bool v6, string text) => Run($"{ProgramOf(v6)}-restore", ["--noflush", "-w", "5"], text);

    private static string ProgramOf(bool v6) => v6 ? "ip6tables" : "iptables";

    private static string Run(string program, IReadOnlyList<string> arguments, string input)
    {
        try
        {
            var (exit, output, errors) = OtherProgram.Run(new ChildSpec(program, arguments), Encoding.UTF8.GetBytes(input));
            return exit.ShellCode == 0 ? Encoding.UTF8.GetString(output.Span) : throw new CniException(CniError.Io, $"{program} refused: {errors}", input);
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT)
        {
            throw new CniException(CniError.Io, $"{program} is not installed; port mappings with backend iptables need it", e.Message);
        }
    }
}
