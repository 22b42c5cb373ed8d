using Network.Cni.Types.Bandwidth;
using Network.Cni.Types.HostLocal;
using Network.Cni.Types.Loopback;
using Network.Cni.Types.Portmap;
using Network.Cni.Types.Veth;

namespace Network.Cni.Types;

/// <summary>Every type of the one program.</summary>
internal static class TypeTable
{
    private const string OwnName = "podnet-cni";

    private static readonly (string Name, Func<Invocation, ICniType> Make)[] s_types =
    [
        ("bridge", call => VethType.Of(call, isPtp: false, isReference: true)),
        ("ptp", call => VethType.Of(call, isPtp: true, isReference: true)),
        ("loopback", call => new LoopbackType(call.Config)),
        ("host-local", call => new HostLocalType(call)),
        ("portmap", call => new PortmapType(call)),
        ("bandwidth", call => new BandwidthType(call)),
        (OwnName, call => VethType.Of(call, isPtp: call.Config.Root.Text("mode") == "ptp", isReference: false)),
    ];

    internal static ICniType Of(Invocation call)
    {
        var name = NameOf(call);
        foreach (var (candidate, make) in s_types)
        {
            if (candidate == name)
                return make(call);
        }

        throw call.Config.Root.Invalid("type", name, $"one of {string.Join(", ", s_types.Select(type => type.Name))}");
    }

    // A program called by the name of a type is that type, whatever the configuration says: address management gets the
    // configuration of the plugin that called it. Under its own name the configuration decides.
    private static string NameOf(Invocation call)
    {
        var program = WithoutPrefix(call.Environment.Program);
        if (program != OwnName && Array.Exists(s_types, type => type.Name == program))
            return program;
        var type = call.Config.Root.Text("type") ?? OwnName;
        var ipam = call.Config.Root.Object("ipam").Text("type");
        if (ipam == call.Environment.Program && type != ipam)
            return "host-local";
        type = WithoutPrefix(type);
        return type != OwnName ? type : call.Config.Root.Text("mode") switch
        {
            null or "bridge" or "ptp" => OwnName,
            var mode => mode,
        };
    }

    private static string WithoutPrefix(string name) =>
        name != OwnName && name.StartsWith("podnet-", StringComparison.Ordinal) ? name["podnet-".Length..] : name;
}
