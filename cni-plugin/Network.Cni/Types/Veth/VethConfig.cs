using Network.Cni.Protocol;
using Network.Netlink;

namespace Network.Cni.Types.Veth;

/// <summary>How a pod is tied to the node by a pair of virtual devices: as a bridge port, or point to point.</summary>
internal sealed record VethConfig
{
    /// <summary>Null for point to point.</summary>
    internal string? Bridge { get; init; }

    internal bool IsPtp => Bridge is null;

    /// <summary>0 leaves the kernel's default.</summary>
    internal int Mtu { get; init; }

    /// <summary>The bridge has the gateway's address.</summary>
    internal bool IsGateway { get; init; }

    /// <summary>Pods get a default route by the gateway.</summary>
    internal bool IsDefaultGateway { get; init; }

    /// <summary>A pod may reach itself through its service.</summary>
    internal bool Hairpin { get; init; }

    internal bool Promiscuous { get; init; }

    /// <summary>Pods of the bridge reach each other only through the gateway.</summary>
    internal bool PortIsolation { get; init; }

    /// <summary>Frames that do not carry the pod's own MAC are dropped.</summary>
    internal bool MacSpoofCheck { get; init; }

    /// <summary>Wait until the kernel has looked for the IPv6 address elsewhere; else it is used at once, because address management knows it is free.</summary>
    internal bool EnableDad { get; init; }

    /// <summary>The pod's address has the length of one address: it reaches its own network through the gateway too.</summary>
    internal bool HostPrefix { get; init; }

    /// <summary>What leaves the pod network gets the node's address.</summary>
    internal bool Masquerade { get; init; }

    /// <summary>Marks the node's ends of one network.</summary>
    internal int Group { get; init; }

    /// <summary>Asked for by the runtime; null derives it from the address.</summary>
    internal MacAddress? Mac { get; init; }

    /// <param name="isReference">Under the name of a reference plugin, missing fields mean what they mean there.</param>
    internal static VethConfig Parse(Invocation call, bool isPtp, bool isReference)
    {
        var root = call.Config.Root;
        foreach (var field in (string[])["vlan", "vlanTrunk", "disableContainerInterface"])
        {
            if (root.TryGet(field, out var value) && value.GetRawText() is not ("0" or "false" or "[]"))
                throw new CniException(CniError.UnsupportedField, $"field {field} is not supported; leave it out");
        }

        var bridge = isPtp ? null : root.Text("bridge") ?? (isReference ? "cni0" : null);
        if (!isPtp && bridge is not { Length: > 0 and <= 15 })
            throw root.Invalid("bridge", bridge, "a device name of at most 15 characters");
        if (bridge is not null && (bridge is "." or ".." || bridge.Any(c => char.IsWhiteSpace(c) || c is '/' or ':')))
            throw root.Invalid("bridge", bridge, "a device name without space, slash or colon");
        var mtu = (int)root.Number("mtu", ushort.MaxValue);
        var promiscuous = root.Flag("promiscMode", false);
        if (promiscuous && root.Flag("hairpinMode", false))
            throw root.Invalid("promiscMode", "true", "only one of promiscMode and hairpinMode: either reflects a pod's frames to itself");
        var isGateway = root.Flag("isGateway", !isReference);
        var isDefaultGateway = root.Flag("isDefaultGateway", !isReference);
        return new VethConfig
        {
            Bridge = bridge,
            Mtu = mtu is 0 or >= 576 ? mtu : throw root.Invalid("mtu", $"{mtu}", "0 or 576 to 65535"),
            IsDefaultGateway = isDefaultGateway || (isPtp && !root.Object("ipam").TryGet("routes", out _)),
            IsGateway = isDefaultGateway || isGateway,
            Hairpin = root.Flag("hairpinMode", !isReference && !promiscuous),
            Promiscuous = promiscuous,
            PortIsolation = root.Flag("portIsolation", false),
            MacSpoofCheck = root.Flag("macspoofchk", false),
            EnableDad = root.Flag("enabledad", false),
            HostPrefix = isPtp || root.Flag("hostPrefix", false),
            Masquerade = root.Flag("ipMasq", false),
            Group = LinkGroup.Of(call.Config.Name),
            Mac = MacOf(call),
        };
    }

    private static MacAddress? MacOf(Invocation call)
    {
        var (source, text) = call.Config.RuntimeConfig.Text("mac") is { } asked ? ("runtimeConfig.mac", asked)
            : call.Config.Root.Object("args").Object("cni").Text("mac") is { } given ? ("args.cni.mac", given)
            : call.Environment.Arguments().TryGetValue("MAC", out var old) ? ("CNI_ARGS MAC", old)
            : call.Config.Root.Text("mac") is { } field ? ("mac", field)
            : ("", "");
        if (text.Length == 0)
            return null;
        if (MacAddress.TryParse(text, out var mac) && (Convert.ToByte(text[..2], 16) & 1) == 0 && mac != default)
            return mac;
        throw new CniException(source == "CNI_ARGS MAC" ? CniError.BadEnvironment : CniError.InvalidConfig,
            $"{source} is \"{text}\"; give the address of one interface such as 0a:58:0a:f4:01:02");
    }
}
