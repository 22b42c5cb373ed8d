using System.Buffers.Binary;
using System.Net;
using Network.Netlink.Netfilter;
using Network.Netlink.Netfilter.Expressions;
using Network.ServiceProxy.Backends.Nftables;

namespace Network.ServiceProxy.Walk;

/// <summary>
/// A packet's way through the rules, step by step as the kernel goes: registers, sets, jumps. It knows nothing of services, so it
/// can tell whether the rules say what was meant.
/// </summary>
internal sealed class NftWalk
{
    private const int Accept = 1, Drop = 0;
    private readonly NftRuleSet _rules;
    private readonly Packet _packet;
    private readonly Func<IPAddress, bool> _isLocal;
    private readonly Branches _branches;
    private readonly byte[] _registers = new byte[64];
    private IPAddress _destination;
    private int _port;
    private uint _mark, _priority;
    private Outcome? _end;

    private NftWalk(NftRuleSet rules, Packet packet, Func<IPAddress, bool> isLocal, Branches branches)
    {
        (_rules, _packet, _isLocal, _branches) = (rules, packet, isLocal, branches);
        (_destination, _port) = (packet.Destination, packet.Port);
    }

    /// <summary>Rules that matched, in order.</summary>
    internal List<NftRule> Steps { get; } = [];

    internal bool Masqueraded { get; private set; }

    /// <summary>All that can become of the packet.</summary>
    /// <param name="isLocal">Whether an address is the node's.</param>
    internal static Outcome Of(NftRuleSet rules, Packet packet, Func<IPAddress, bool> isLocal)
    {
        var ends = Branches.All(branches => new NftWalk(rules, packet, isLocal, branches).Run()).ToList();
        return ends.All(end => end.Kind == OutcomeKind.Forward) ? Outcome.To(ends.SelectMany(end => end.Endpoints)) : ends.Distinct().Single();
    }

    /// <summary>One way, with the rules it took.</summary>
    internal static (Outcome Outcome, IReadOnlyList<NftRule> Steps) Trace(NftRuleSet rules, Packet packet, Func<IPAddress, bool> isLocal)
    {
        var walk = new NftWalk(rules, packet, isLocal, new Branches());
        return (walk.Run(), walk.Steps);
    }

    private Outcome Run()
    {
        Hook(_packet.FromNode ? NftHook.Output : NftHook.Prerouting);
        Hook(_isLocal(_destination) && !_packet.FromNode ? NftHook.Input : NftHook.Forward);
        Hook(NftHook.Postrouting);
        if (_end is not null)
            return _end;
        return _destination.Equals(_packet.Destination) && _port == _packet.Port
            ? Outcome.Of(OutcomeKind.Pass)
            : Outcome.To([(new IPEndPoint(_destination, _port), Masqueraded)]);
    }

    private void Hook(NftHook hook)
    {
        foreach (var chain in _rules.Chains.Where(chain => chain.Hook == hook).OrderBy(chain => chain.Priority))
        {
            if (_end is null && Chain(chain.Name) == Drop)
                _end ??= Outcome.Of(OutcomeKind.Drop);
        }
    }

    // Accept, drop, or null when the chain has ended without a word.
    private int? Chain(string name)
    {
        foreach (var rule in _rules.Rules[name])
        {
            if (Rule(rule) is not { } verdict)
                continue;
            if (verdict.IsJump)
            {
                if (Chain(verdict.Chain!) is { } inner)
                    return inner;
            }
            else if (verdict.IsGoto)
                return Chain(verdict.Chain!);
            else
                return verdict.Code is Accept or Drop ? verdict.Code : null;
        }

        return null;
    }

    private NftVerdict? Rule(NftRule rule)
    {
        foreach (var expression in rule.Expressions)
        {
            if (!Step(expression, out var verdict))
                return null;
            if (verdict is not null)
            {
                Steps.Add(rule);
                return verdict;
            }
        }

        Steps.Add(rule);
        return null;
    }

    private bool Step(NftExpression expression, out NftVerdict? verdict)
    {
        verdict = null;
        switch (expression)
        {
            case NftImmediate { Verdict: { } decided }:
                verdict = decided;
                return true;
            case NftLookup lookup:
                return Lookup(lookup, out verdict);
            case NftCompare compare:
                return compare.Operator == NftComparison.Equal == Register(compare.Register, compare.Value.Length).SequenceEqual(compare.Value.Bytes);
            case NftNat nat:
                var length = _rules.Family == NftFamily.Ip6 ? 16 : 4;
                (_destination, _port) = (new IPAddress(Register(nat.Address!.Value, length)), BinaryPrimitives.ReadUInt16BigEndian(Register(nat.Port!.Value, 2)));
                verdict = NftVerdict.Accept;
                return true;
            case NftMasquerade:
                Masqueraded = true;
                verdict = NftVerdict.Accept;
                return true;
            case NftReject:
                _end = Outcome.Of(OutcomeKind.Reject);
                verdict = NftVerdict.Drop;
                return true;
            case NftMeta { Sets: true } meta:
                (meta.Key == NftMetaKey.Mark ? ref _mark : ref _priority) = BitConverter.ToUInt32(Register(meta.Register, 4));
                return true;
            case NftBitwise bitwise:
                Bitwise(bitwise);
                return true;
            case NftCounter or NftDynamicSet:
                return true;
            default:
                Load(expression);
                return true;
        }
    }

    private bool Lookup(NftLookup lookup, out NftVerdict? verdict)
    {
        var set = _rules.Sets[lookup.Set];
        var found = set.Find(Register(lookup.Source, set.KeyLength));
        verdict = lookup.Decides ? found?.Verdict : null;
        if (found is { } element && lookup.Register is { } register)
            Store(register, element.Data.Bytes);
        return found is not null != lookup.Inverted;
    }

    private void Bitwise(NftBitwise bitwise)
    {
        var source = Register(bitwise.Source, bitwise.Mask.Length).ToArray();
        for (var i = 0; i < source.Length; i++)
            source[i] = (byte)((source[i] & bitwise.Mask.Bytes[i]) ^ bitwise.Xor.Bytes[i]);
        Store(bitwise.Register, source);
    }

    private void Load(NftExpression expression)
    {
        var (register, value) = expression switch
        {
            NftPayload { Base: NftPayloadBase.Network } payload => (payload.Register, NftValue.Of(payload == NftPayload.SourceAddress(_rules.Family, payload.Register) ? _packet.Source : _destination)),
            NftPayload payload => (payload.Register, NftValue.BigEndian((ushort)_port)),
            NftMeta { Key: NftMetaKey.TransportProtocol } meta => (meta.Register, NftValue.Of(ServiceElements.ProtocolNumber(_packet.Protocol))),
            NftMeta { Key: NftMetaKey.Mark } meta => (meta.Register, NftValue.Host(_mark)),
            NftMeta { Key: NftMetaKey.Priority } meta => (meta.Register, NftValue.Host(_priority)),
            NftConntrack { Key: NftConntrackKey.State } ct => (ct.Register, NftValue.Host(NftConntrack.New)),
            NftConntrack { Key: NftConntrackKey.DestinationPort } ct => (ct.Register, NftValue.BigEndian((ushort)_packet.Port)),
            NftConntrack ct => (ct.Register, NftValue.Of(_packet.Destination)),
            NftFib fib => (fib.Register, NftValue.Host(_isLocal(fib.Flags.HasFlag(NftFibFlags.Destination) ? _destination : _packet.Source) ? NftPick.Local : 1)),
            NftNumber number => (number.Register, NftValue.Host((uint)_branches.Throw((int)number.Modulus))),
            NftImmediate immediate => (immediate.Register, immediate.Value),
            _ => throw new NotSupportedException($"the walk does not know {expression}"),
        };
        Store(register, value.Bytes);
    }

    private ReadOnlySpan<byte> Register(int word, int length) => _registers.AsSpan(word * 4, length);

    // Whole words: what is shorter is padded with zeros.
    private void Store(int word, ReadOnlySpan<byte> value)
    {
        _registers.AsSpan(word * 4, (value.Length + 3) & ~3).Clear();
        value.CopyTo(_registers.AsSpan(word * 4));
    }
}
