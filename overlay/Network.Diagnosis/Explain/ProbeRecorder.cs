using Network.Diagnosis.Facts;
using Network.Diagnosis.Trace;

namespace Network.Diagnosis.Explain;

/// <summary>Records every packet of some lengths at every device of the cluster, and every drop, while probes are under way.</summary>
public sealed class ProbeRecorder : IDisposable
{
    private const int MostSightings = 100_000;
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);
    // What stands around an IP packet where it is seen: nothing, Ethernet, a tunnel over IPv4, that with Ethernet, the same over IPv6.
    private static readonly int[] s_wrappings = [0, 14, 50, 64, 70, 84];
    private readonly PacketTrace _trace;
    private readonly KernelSymbols _symbols = KernelSymbols.OfKernel();
    private readonly Dictionary<uint, string> _places;
    private readonly int _vxlanPort;
    private readonly Thread _reader;
    private readonly List<Sighting> _seen = [];
    private volatile bool _ended;

    private ProbeRecorder(PacketTrace trace, Dictionary<uint, string> places, int vxlanPort)
    {
        (_trace, _places, _vxlanPort) = (trace, places, vxlanPort);
        _reader = new Thread(Read) { IsBackground = true, Name = "probe recorder" };
        _reader.Start();
    }

    /// <summary>Packets nobody had room for.</summary>
    public long Lost => _trace.Lost;

    /// <param name="view">Whose namespaces are looked at.</param>
    /// <param name="sizes">Of probes and answers, in bytes of the IP packet.</param>
    public static ProbeRecorder Open(ClusterView view, IEnumerable<int> sizes)
    {
        var places = view.Machines.ToDictionary(machine => machine.Inode, machine => machine.Name);
        foreach (var pod in view.NetworkedPods.Where(pod => pod.Network is not null))
            places[pod.Network!.Inode] = pod.Id;
        var lengths = sizes.SelectMany(size => s_wrappings.Select(around => size + around)).Distinct().ToList();
        var trace = PacketTrace.Open(new PacketTraceSettings([PacketEventKind.Dropped, PacketEventKind.Sent, PacketEventKind.Received], lengths) { EveryDrop = true });
        return new ProbeRecorder(trace, places, view.Machines.Select(machine => machine.Tunnel?.Vxlan?.Port).FirstOrDefault(port => port is > 0) ?? 4789);
    }

    /// <summary>Ends the recording; what was seen, oldest first.</summary>
    public IReadOnlyList<Sighting> End()
    {
        _ended = true;
        _reader.Join();
        return _seen.OrderBy(seen => seen.Time).ToList();
    }

    public void Dispose()
    {
        End();
        _trace.Dispose();
    }

    private void Read()
    {
        var last = false;
        while (!last)
        {
            // Once more after the end: what the kernel has written by then belongs to it.
            last = _ended;
            if (!last)
                _trace.Wait(s_look);
            _trace.Read(Take);
        }
    }

    private void Take(in PacketEvent packet)
    {
        if (_seen.Count >= MostSightings || !_places.TryGetValue(packet.NetNs, out var place) || PacketHeaders.Read(packet, _vxlanPort) is not { } headers)
            return;
        var dropped = packet.Kind == PacketEventKind.Dropped;
        _seen.Add(new Sighting(packet.Time, Leg.Forward, packet.Kind, place, packet.Device, headers, packet.Bytes.ToArray())
        {
            Length = packet.Length, HasEthernet = packet.HasEthernet,
            Reason = dropped ? _trace.Reasons.GetValueOrDefault(packet.Reason, $"reason {packet.Reason}") : null,
            Function = dropped ? _symbols.Function(packet.Location) : null,
        });
    }
}
