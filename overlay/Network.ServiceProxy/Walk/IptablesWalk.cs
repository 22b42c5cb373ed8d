using System.Globalization;
using System.Net;

namespace Network.ServiceProxy.Walk;

/// <summary>A packet's way through iptables rules, as the kernel goes. It knows nothing of services.</summary>
internal sealed class IptablesWalk
{
    private const string Returned = "RETURN";
    private readonly IptablesRuleSet _rules;
    private readonly Packet _packet;
    private readonly Func<IPAddress, bool> _isLocal;
    private readonly Branches _branches;
    private IPAddress _destination;
    private int _port;
    private uint _mark;
    private bool _masqueraded;

    private IptablesWalk(IptablesRuleSet rules, Packet packet, Func<IPAddress, bool> isLocal, Branches branches)
    {
        (_rules, _packet, _isLocal, _branches) = (rules, packet, isLocal, branches);
        (_destination, _port) = (packet.Destination, packet.Port);
    }

    internal List<string> Steps { get; } = [];

    /// <summary>All that can become of the packet.</summary>
    /// <param name="isLocal">Whether an address is the node's.</param>
    internal static Outcome Of(IptablesRuleSet rules, Packet packet, Func<IPAddress, bool> isLocal)
    {
        var ends = Branches.All(branches => new IptablesWalk(rules, packet, isLocal, branches).Run()).ToList();
        return ends.All(end => end.Kind == OutcomeKind.Forward) ? Outcome.To(ends.SelectMany(end => end.Endpoints)) : ends.Distinct().Single();
    }

    /// <summary>One way, with the rules it took.</summary>
    internal static (Outcome Outcome, IReadOnlyList<string> Steps) Trace(IptablesRuleSet rules, Packet packet, Func<IPAddress, bool> isLocal)
    {
        var walk = new IptablesWalk(rules, packet, isLocal, new Branches());
        return (walk.Run(), walk.Steps);
    }

    private Outcome Run()
    {
        Chain("nat", _packet.FromNode ? "OUTPUT" : "PREROUTING");
        // What the node sends to itself comes in again.
        var hooks = (_packet.FromNode, Local: _isLocal(_destination)) switch
        {
            (true, true) => new[] { "OUTPUT", "INPUT" },
            (true, false) => ["OUTPUT"],
            (false, true) => ["INPUT"],
            _ => ["FORWARD"],
        };
        foreach (var hook in hooks)
        {
            if (Chain("filter", hook) is { } end and not "ACCEPT")
                return Outcome.Of(end == "DROP" ? OutcomeKind.Drop : OutcomeKind.Reject);
        }

        Chain("nat", "POSTROUTING");
        return _destination.Equals(_packet.Destination) && _port == _packet.Port
            ? Outcome.Of(OutcomeKind.Pass)
            : Outcome.To([(new IPEndPoint(_destination, _port), _masqueraded)]);
    }

    // The target that ended the packet's way in this table; null when the chain has ended without a word.
    private string? Chain(string table, string chain)
    {
        foreach (var rule in _rules.Rules(table, chain))
        {
            var at = Array.IndexOf(rule, "-j");
            if (at < 0 || !Matches(rule))
                continue;
            var target = rule[at + 1];
            Steps.Add($"{table} {chain}: {string.Join(' ', rule)}");
            if (target == Returned)
                return null;
            if (Target(target, rule[(at + 2)..]) is { } end)
                return end;
            if (target.StartsWith("KUBE-", StringComparison.Ordinal) && Chain(table, target) is { } inner)
                return inner;
        }

        return null;
    }

    private string? Target(string target, string[] options)
    {
        switch (target)
        {
            case "DNAT":
                var to = IPEndPoint.Parse(options[1]);
                (_destination, _port) = (to.Address, to.Port);
                return target;
            case "MASQUERADE":
                _masqueraded = true;
                return target;
            case "MARK":
                var (value, mask) = Masked(options[1]);
                _mark = options[0] == "--or-mark" ? _mark | value : (_mark & ~mask) ^ value;
                return null;
            case "ACCEPT" or "DROP" or "REJECT":
                return target;
            default:
                return null;
        }
    }

    private bool Matches(string[] rule)
    {
        var module = "";
        var inverted = false;
        for (var i = 0; i < rule.Length && rule[i] != "-j"; i++)
        {
            if (rule[i] == "!")
            {
                inverted = true;
                continue;
            }

            if (rule[i] == "-m")
            {
                module = rule[++i];
                continue;
            }

            if (Option(module, rule, ref i) == inverted)
                return false;
            inverted = false;
        }

        return true;
    }

    private bool Option(string module, string[] rule, ref int at) => rule[at] switch
    {
        "-s" => Range(rule[++at]).Contains(_packet.Source),
        "-d" => Range(rule[++at]).Contains(_destination),
        "-p" => rule[++at] == _packet.Protocol.ToString().ToLowerInvariant(),
        "--dport" => int.Parse(rule[++at], CultureInfo.InvariantCulture) == _port,
        "--comment" or "--name" or "--mask" or "--seconds" or "--mode" => ++at > 0,
        "--probability" => ++at > 0 && _branches.Throw(2) == 0,
        "--src-type" => ++at > 0 && _isLocal(_packet.Source),
        "--dst-type" => ++at > 0 && _isLocal(_destination),
        "--ctstate" => rule[++at].Split(',').Contains("NEW"),
        "--mark" => Masked(rule[++at]) is var (value, mask) && (_mark & mask) == value,
        // Nobody has been here before.
        "--rcheck" => false,
        "--set" or "--reap" or "--rsource" => true,
        var option => throw new NotSupportedException($"the walk does not know {option} of {module}"),
    };

    private static (uint Value, uint Mask) Masked(string text)
    {
        var parts = text.Split('/');
        return (Number(parts[0]), parts.Length > 1 ? Number(parts[1]) : uint.MaxValue);

        static uint Number(string word) => word.StartsWith("0x", StringComparison.Ordinal)
            ? uint.Parse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : uint.Parse(word, CultureInfo.InvariantCulture);
    }

    private static IPNetwork Range(string text) => text.Contains('/') ? IPNetwork.Parse(text) : new IPNetwork(IPAddress.Parse(text), IPAddress.Parse(text).GetAddressBytes().Length * 8);
}
