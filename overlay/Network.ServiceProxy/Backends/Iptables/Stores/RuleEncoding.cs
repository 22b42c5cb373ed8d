using System.Globalization;
using System.Net;
using Network.Iptables;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;

namespace Network.ServiceProxy.Backends.Iptables.Stores;

/// <summary>
/// An iptables rule as iptables-nft keeps it in nf_tables, so that iptables shows and changes what we wrote. Only what the service
/// proxy's rules say is known here.
/// </summary>
internal static class RuleEncoding
{
    private const int Register = 0;

    /// <summary>
    /// From here on iptables writes ports as nf_tables' own comparisons, which the kernel need not look at again at each change; earlier
    /// versions do not know what they read there.
    /// </summary>
    internal static Version NativePorts { get; } = new(1, 8, 9);

    /// <exception cref="IptablesException">A word that is not known here.</exception>
    internal static NftRule Encode(NftFamily family, string table, string chain, IptablesRule rule, bool nativePorts)
    {
        var words = new Words(rule);
        var reader = new Reader(family, words, nativePorts);
        try
        {
            reader.Read();
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new IptablesException($"chain {chain}: rule \"{rule}\": {e.Message}");
        }

        // A rule without a target only counts.
        IEnumerable<NftExpression> verdict = reader.Verdict is { } target ? [target] : [];
        return new NftRule(family, table, chain, [.. reader.Header, .. reader.Matches, new NftCounter(), .. verdict]) { CompatProtocol = reader.Protocol };
    }

    private sealed class Reader(NftFamily family, Words words, bool nativePorts)
    {
        internal List<NftExpression> Header { get; } = [];

        internal List<NftExpression> Matches { get; } = [];

        internal NftExpression? Verdict { get; private set; }

        internal byte? Protocol { get; private set; }

        internal void Read()
        {
            while (words.TryNext(out var word))
            {
                switch (word)
                {
                    case "-s" or "-d":
                        AddAddress(word, inverted: false);
                        break;
                    case "!":
                        AddAddress(words.Next(), inverted: true);
                        break;
                    case "-p":
                        Protocol = words.Next() switch { "tcp" => 6, "udp" => 17, "sctp" => 132, _ => throw words.Unknown() };
                        Header.InsertRange(0, [new NftMeta(NftMetaKey.TransportProtocol, Register), new NftCompare(Register, NftComparison.Equal, NftValue.Of(Protocol.Value))]);
                        break;
                    case "-m":
                        AddMatch(words.Next());
                        break;
                    case "-j":
                        Verdict = Target(words.Next());
                        break;
                    default:
                        throw words.Unknown();
                }
            }
        }

        private void AddAddress(string option, bool inverted)
        {
            var source = option == "-s" || (option == "-d" ? false : throw words.Unknown());
            var range = IPNetwork.Parse(words.Next());
            var whole = family == NftFamily.Ip ? 32 : 128;
            Header.Add(source ? NftPayload.SourceAddress(family, Register) : NftPayload.DestinationAddress(family, Register));
            if (range.PrefixLength < whole)
                Header.Add(new NftBitwise(Register, Register, Mask(range.PrefixLength, whole / 8), new NftValue(new byte[whole / 8])));
            Header.Add(new NftCompare(Register, inverted ? NftComparison.NotEqual : NftComparison.Equal, NftValue.Of(range.BaseAddress)));
        }

        private void AddMatch(string name)
        {
            if (nativePorts && name is ("tcp" or "udp") && words.Skip("--dport"))
            {
                Matches.AddRange([NftPayload.DestinationPort(Register), new NftCompare(Register, NftComparison.Equal, NftValue.BigEndian(ushort.Parse(words.Next(), CultureInfo.InvariantCulture)))]);
                return;
            }

            Matches.Add(name switch
            {
                "comment" => Match(name, 0, XtInfo.Comment(words.Of("--comment"))),
                "tcp" => Match(name, 0, XtInfo.Tcp(Port())),
                "udp" => Match(name, 0, XtInfo.Udp(Port())),
                "sctp" => Match(name, 0, XtInfo.Sctp(Port())),
                "conntrack" => Match(name, 3, XtInfo.ConntrackState(States(words.Of("--ctstate")))),
                "mark" => Mark(words.Skip("!"), words.Of("--mark").Split('/')),
                "addrtype" => Match(name, 1, Local()),
                "statistic" => Match(name, 0, XtInfo.Random(words.Of("--mode") == "random" ? double.Parse(words.Of("--probability"), CultureInfo.InvariantCulture) : throw words.Unknown())),
                "recent" => Match(name, 1, Recent()),
                _ => throw words.Unknown(),
            });
        }

        private NftExpression Target(string name)
        {
            switch (name)
            {
                case "ACCEPT":
                    return new NftImmediate(NftVerdict.Accept);
                case "DROP":
                    return new NftImmediate(NftVerdict.Drop);
                case "RETURN":
                    return new NftImmediate(NftVerdict.Return);
                case "MARK":
                    var (value, mask) = ValueAndMask(words.Of("--set-xmark").Split('/'));
                    return new NftExtension(IsTarget: true, name, 2, XtInfo.SetMark(value, mask));
                case "MASQUERADE":
                    return words.Next() == "--random-fully" ? new NftExtension(IsTarget: true, name, 0, XtInfo.Masquerade(family)) : throw words.Unknown();
                case "REJECT":
                    return words.Of("--reject-with") is "icmp-port-unreachable" or "icmp6-port-unreachable"
                        ? new NftExtension(IsTarget: true, name, 0, XtInfo.PortUnreachable(family)) : throw words.Unknown();
                case "DNAT":
                    return new NftExtension(IsTarget: true, name, 2, XtInfo.Destination(IPEndPoint.Parse(words.Of("--to-destination"))));
                default:
                    return new NftImmediate(NftVerdict.Jump(name));
            }
        }

        private NftValue Local() => words.Next() switch
        {
            "--src-type" when words.Next() == "LOCAL" => XtInfo.IsLocal(source: true),
            "--dst-type" when words.Next() == "LOCAL" => XtInfo.IsLocal(source: false),
            _ => throw words.Unknown(),
        };

        private NftValue Recent()
        {
            const byte check = 1, set = 2, reap = 32;
            var flags = words.Next() switch { "--set" => set, "--rcheck" => check, _ => throw words.Unknown() };
            var seconds = 0u;
            if (words.Skip("--seconds"))
                seconds = uint.Parse(words.Next(), CultureInfo.InvariantCulture);
            if (words.Skip("--reap"))
                flags |= reap;
            var name = words.Of("--name");
            var mask = IPAddress.Parse(words.Of("--mask"));
            return words.Skip("--rsource") ? XtInfo.Recent(name, flags, seconds, mask) : throw words.Unknown();
        }

        private static NftExtension Mark(bool inverted, string[] parts)
        {
            var (value, mask) = ValueAndMask(parts);
            return Match("mark", 1, XtInfo.MarkIs(value, mask, inverted));
        }

        private ushort? Port() => words.Skip("--dport") ? ushort.Parse(words.Next(), CultureInfo.InvariantCulture) : null;

        private ushort States(string names) => (ushort)names.Split(',').Sum(name => name switch
        {
            "INVALID" => 1,
            "ESTABLISHED" => 2,
            "RELATED" => 4,
            "NEW" => 8,
            _ => throw words.Unknown(),
        });

        private static NftExtension Match(string name, uint revision, NftValue info) => new(IsTarget: false, name, revision, info);

        private static (uint Value, uint Mask) ValueAndMask(string[] parts) => (Number(parts[0]), parts.Length > 1 ? Number(parts[1]) : uint.MaxValue);

        private static uint Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
            ? uint.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : uint.Parse(text, CultureInfo.InvariantCulture);

        private static NftValue Mask(int length, int bytes)
        {
            Span<byte> mask = stackalloc byte[bytes];
            for (var i = 0; i < bytes; i++)
                mask[i] = (byte)(0xff << Math.Clamp(8 - (length - (i * 8)), 0, 8));
            return new NftValue(mask);
        }
    }

    // A rule's arguments, one after the other.
    private sealed class Words(IptablesRule rule)
    {
        private int _at;

        internal bool TryNext(out string word)
        {
            word = _at < rule.Words.Length ? rule.Words[_at++] : "";
            return word.Length > 0;
        }

        internal string Next() => _at < rule.Words.Length ? rule.Words[_at++] : throw Unknown();

        internal bool Skip(string word)
        {
            if (_at >= rule.Words.Length || rule.Words[_at] != word)
                return false;
            _at++;
            return true;
        }

        /// <summary>The value of an option that must come now.</summary>
        internal string Of(string option) => Skip(option) ? Next() : throw Unknown();

        internal IptablesException Unknown() => new($"rule \"{rule}\" says what cannot be written to nf_tables directly, near word {_at}");
    }
}
