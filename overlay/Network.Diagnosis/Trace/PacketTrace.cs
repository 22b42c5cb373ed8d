using Microsoft.Win32.SafeHandles;
using Network.Diagnosis.Bpf;
using Network.Diagnosis.Interop;

namespace Network.Diagnosis.Trace;

/// <summary>What to look at.</summary>
/// <param name="Kinds">The tracepoints.</param>
/// <param name="Lengths">Only packets of these lengths, chosen in the kernel; empty means all.</param>
/// <param name="RingBytes">Room for events nobody has read yet: a power of two.</param>
public sealed record PacketTraceSettings(IReadOnlyList<PacketEventKind> Kinds, IReadOnlyList<int> Lengths, int RingBytes = 4 * 1024 * 1024)
{
    /// <summary>Dropped packets of any length: a layer that drops may have taken off headers already.</summary>
    public bool EveryDrop { get; init; }
}

/// <summary>
/// Sees packets at the kernel's tracepoints, in every network namespace at once, by BPF programs that end with this object (or with
/// the process, however it ends). Needs root, a kernel with BTF and raw tracepoints (4.17), and no files mounted anywhere.
/// </summary>
public sealed class PacketTrace : IDisposable
{
    private static readonly Dictionary<PacketEventKind, string> s_tracepoints = new()
    {
        [PacketEventKind.Dropped] = "kfree_skb", [PacketEventKind.Sent] = "net_dev_queue", [PacketEventKind.Received] = "netif_receive_skb",
    };

    private readonly BpfRing _ring;
    private readonly SafeFileHandle _losses;
    private readonly List<SafeFileHandle> _attached = [];

    private PacketTrace(BpfRing ring, SafeFileHandle losses, IReadOnlyDictionary<int, string> reasons)
    {
        (_ring, _losses, Reasons) = (ring, losses, reasons);
    }

    public delegate void Reader(in PacketEvent packet);

    /// <summary>The kernel's names of drop reasons, without their common beginning: <c>NETFILTER_DROP</c>.</summary>
    public IReadOnlyDictionary<int, string> Reasons { get; }

    /// <summary>Events the ring had no room for.</summary>
    public long Lost => (long)BpfObject.ReadCounter(_losses, 0);

    /// <summary>From the return on every packet that fits is seen. What this kernel cannot do is named in the exception.</summary>
    public static PacketTrace Open(PacketTraceSettings settings)
    {
        const string prefix = "SKB_DROP_REASON_";
        var btf = Btf.OfKernel();
        var fields = KernelFields.Of(btf);
        var reasons = btf.Values("skb_drop_reason").Where(pair => pair.Value.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(pair => pair.Key, pair => pair.Value[prefix.Length..]);
        var ring = new BpfRing(settings.RingBytes);
        var trace = new PacketTrace(ring, BpfObject.CreateMap(LibC.BPF_MAP_TYPE_ARRAY, sizeof(uint), sizeof(ulong), 1), reasons);
        try
        {
            foreach (var kind in settings.Kinds)
                trace.Attach(kind, fields, settings.EveryDrop && kind == PacketEventKind.Dropped ? [] : settings.Lengths);
            return trace;
        }
        catch
        {
            trace.Dispose();
            throw;
        }
    }

    /// <summary>Hands over what has been seen since the last call, oldest first; the number of events.</summary>
    public int Read(Reader reader) => _ring.Read(record =>
    {
        if (record.Length < PacketEvent.Size)
            return;
        var packet = new PacketEvent(record);
        reader(in packet);
    });

    /// <summary>Waits until something was seen; at most so long.</summary>
    public void Wait(TimeSpan atMost) => _ring.Wait(atMost);

    public void Dispose()
    {
        _attached.ForEach(link => link.Dispose());
        _losses.Dispose();
        _ring.Dispose();
    }

    private void Attach(PacketEventKind kind, KernelFields fields, IReadOnlyList<int> lengths)
    {
        var code = PacketEventCode.Build(fields, kind, lengths, (int)_ring.Map.DangerousGetHandle(), (int)_losses.DangerousGetHandle());
        // The link holds the program.
        using var program = BpfObject.Load(code);
        _attached.Add(BpfObject.Attach(s_tracepoints[kind], program));
    }
}
