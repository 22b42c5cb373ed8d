using Network.Diagnosis.Bpf;

namespace Network.Diagnosis.Trace;

/// <summary>Where the running kernel keeps what a <see cref="PacketEvent"/> tells, in bytes from the structure's beginning.</summary>
internal sealed record KernelFields
{
    internal required int BufferDevice { get; init; }

    internal required int BufferSocket { get; init; }

    internal required int BufferHead { get; init; }

    internal required int BufferLength { get; init; }

    internal required int BufferMark { get; init; }

    internal required int BufferProtocol { get; init; }

    internal required int BufferMac { get; init; }

    internal required int BufferNetwork { get; init; }

    internal required int DeviceName { get; init; }

    internal required int DeviceIndex { get; init; }

    internal required int DeviceNet { get; init; }

    internal required int SocketNet { get; init; }

    internal required int NetInode { get; init; }

    /// <summary>Asks the kernel's type information; what this kernel calls otherwise is named in the error.</summary>
    internal static KernelFields Of(Btf btf)
    {
        int At(string structure, string path) => btf.Offset(structure, path)
            ?? throw new InvalidDataException($"this kernel's struct {structure} has no {path}; packets cannot be followed by BPF");
        return new KernelFields
        {
            BufferDevice = At("sk_buff", "dev"), BufferSocket = At("sk_buff", "sk"), BufferHead = At("sk_buff", "head"), BufferLength = At("sk_buff", "len"),
            BufferMark = At("sk_buff", "mark"), BufferProtocol = At("sk_buff", "protocol"), BufferMac = At("sk_buff", "mac_header"),
            BufferNetwork = At("sk_buff", "network_header"), DeviceName = At("net_device", "name"), DeviceIndex = At("net_device", "ifindex"),
            DeviceNet = At("net_device", "nd_net.net"), SocketNet = At("sock", "__sk_common.skc_net.net"), NetInode = At("net", "ns.inum"),
        };
    }
}
