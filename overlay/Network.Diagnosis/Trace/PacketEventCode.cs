using Network.Diagnosis.Bpf;

namespace Network.Diagnosis.Trace;

/// <summary>
/// Writes the program that runs in the kernel at a tracepoint: it copies a <see cref="PacketEvent"/> out of the packet's buffer and
/// its device. Everything behind a pointer is read by the helper that survives a wrong one.
/// </summary>
internal sealed class PacketEventCode
{
    private const int KtimeGetNs = 5, MapLookupElem = 1, RingbufOutput = 130, ProbeReadKernel = 113;
    private const int Event = -PacketEvent.Size, Pointer = Event - 8, Key = Pointer - 8;

    // Reasons 0 and 1 are packets that were used up, not dropped (include/net/dropreason-core.h).
    private const int FirstReason = 2;
    private const int HeaderUnset = 0xffff;
    private const Reg Context = Reg.R6, Buffer = Reg.R7, Found = Reg.R8, Frame = Reg.R10;
    private readonly BpfCode _code = new();
    private readonly KernelFields _fields;

    private PacketEventCode(KernelFields fields) => _fields = fields;

    /// <param name="fields">Where things are.</param>
    /// <param name="kind">The tracepoint it is for: skb:kfree_skb takes (skb, location, reason), the others (skb).</param>
    /// <param name="lengths">Only packets of these lengths; empty means all.</param>
    /// <param name="ring">Where events go.</param>
    /// <param name="losses">An array map whose first value counts events the ring had no room for.</param>
    internal static BpfCode Build(KernelFields fields, PacketEventKind kind, IReadOnlyList<int> lengths, int ring, int losses)
    {
        var writer = new PacketEventCode(fields);
        writer.Begin(kind);
        writer.Choose(lengths);
        writer.Header();
        writer.Device();
        writer.Bytes();
        writer.Send(ring, losses);
        return writer._code;
    }

    private void Begin(PacketEventKind kind)
    {
        _code.Move(Context, Reg.R1);
        _code.Load(Width.Double, Buffer, Context, 0);
        for (var at = Key; at < 0; at += 8)
            _code.StoreZero(Frame, at);
        if (kind == PacketEventKind.Dropped)
        {
            _code.Load(Width.Double, Reg.R1, Context, 16);
            _code.Store(Width.Word, Frame, Event + PacketEvent.ReasonAt, Reg.R1);
            _code.Load(Width.Word, Reg.R1, Frame, Event + PacketEvent.ReasonAt);
            for (var reason = 0; reason < FirstReason; reason++)
                LeaveIf(reason);
            _code.Load(Width.Double, Reg.R1, Context, 8);
            _code.Store(Width.Double, Frame, Event + PacketEvent.LocationAt, Reg.R1);
        }

        _code.StoreWord(Frame, Event + PacketEvent.KindAt, (int)kind);
        _code.Store(Width.Double, Frame, Event + PacketEvent.BufferAt, Buffer);
    }

    private void LeaveIf(int value)
    {
        var stay = new Label();
        _code.JumpIfNotEqual(Reg.R1, value, stay);
        Leave();
        _code.Mark(stay);
    }

    private void Leave()
    {
        _code.Set(Reg.R0, 0);
        _code.Exit();
    }

    private void Choose(IReadOnlyList<int> lengths)
    {
        Read(Event + PacketEvent.LengthAt, 4, Buffer, _fields.BufferLength);
        if (lengths.Count == 0)
            return;
        var chosen = new Label();
        _code.Load(Width.Word, Reg.R1, Frame, Event + PacketEvent.LengthAt);
        foreach (var length in lengths)
            _code.JumpIfEqual(Reg.R1, length, chosen);
        Leave();
        _code.Mark(chosen);
    }

    private void Header()
    {
        _code.Call(KtimeGetNs);
        _code.Store(Width.Double, Frame, Event + PacketEvent.TimeAt, Reg.R0);
        Read(Event + PacketEvent.MarkAt, 4, Buffer, _fields.BufferMark);
        Read(Event + PacketEvent.ProtocolAt, 2, Buffer, _fields.BufferProtocol);
        Read(Event + PacketEvent.MacAt, 2, Buffer, _fields.BufferMac);
        Read(Event + PacketEvent.NetworkAt, 2, Buffer, _fields.BufferNetwork);
        Read(Event + PacketEvent.HeadAt, 8, Buffer, _fields.BufferHead);
    }

    // The namespace is the device's; a packet of a socket that is at no device has its socket's.
    private void Device()
    {
        var (noDevice, known) = (new Label(), new Label());
        Follow(Buffer, _fields.BufferDevice, noDevice);
        Read(Event + PacketEvent.DeviceAt, 16, Found, _fields.DeviceName);
        Read(Event + PacketEvent.DeviceIndexAt, 4, Found, _fields.DeviceIndex);
        Follow(Found, _fields.DeviceNet, noDevice);
        Read(Event + PacketEvent.NetNsAt, 4, Found, _fields.NetInode);
        _code.Load(Width.Word, Reg.R1, Frame, Event + PacketEvent.NetNsAt);
        _code.JumpIfNotEqual(Reg.R1, 0, known);
        _code.Mark(noDevice);
        Follow(Buffer, _fields.BufferSocket, known);
        Follow(Found, _fields.SocketNet, known);
        Read(Event + PacketEvent.NetNsAt, 4, Found, _fields.NetInode);
        _code.Mark(known);
    }

    private void Bytes()
    {
        var set = new Label();
        _code.Load(Width.Half, Reg.R1, Frame, Event + PacketEvent.MacAt);
        _code.JumpIfNotEqual(Reg.R1, HeaderUnset, set);
        _code.Load(Width.Half, Reg.R1, Frame, Event + PacketEvent.NetworkAt);
        _code.Mark(set);
        _code.Load(Width.Double, Found, Frame, Event + PacketEvent.HeadAt);
        _code.Add(Found, Reg.R1);
        Read(Event + PacketEvent.BytesAt, PacketEvent.BytesKept, Found, 0);
    }

    private void Send(int ring, int losses)
    {
        var done = new Label();
        _code.LoadMap(Reg.R1, ring);
        FramePointer(Reg.R2, Event);
        _code.Set(Reg.R3, PacketEvent.Size);
        _code.Set(Reg.R4, 0);
        _code.Call(RingbufOutput);
        _code.JumpIfEqual(Reg.R0, 0, done);
        _code.LoadMap(Reg.R1, losses);
        FramePointer(Reg.R2, Key);
        _code.Call(MapLookupElem);
        _code.JumpIfEqual(Reg.R0, 0, done);
        _code.Set(Reg.R1, 1);
        _code.AtomicAdd(Reg.R0, 0, Reg.R1);
        _code.Mark(done);
        Leave();
    }

    /// <summary>Puts what a pointer points to into <see cref="Found"/>.</summary>
    private void Follow(Reg from, int offset, Label ifNull)
    {
        Read(Pointer, 8, from, offset);
        _code.Load(Width.Double, Found, Frame, Pointer);
        _code.JumpIfEqual(Found, 0, ifNull);
    }

    private void Read(int to, int bytes, Reg from, int offset)
    {
        FramePointer(Reg.R1, to);
        _code.Set(Reg.R2, bytes);
        _code.Move(Reg.R3, from);
        _code.Add(Reg.R3, offset);
        _code.Call(ProbeReadKernel);
    }

    private void FramePointer(Reg to, int offset)
    {
        _code.Move(to, Frame);
        _code.Add(to, offset);
    }
}
