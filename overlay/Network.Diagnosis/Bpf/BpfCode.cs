namespace Network.Diagnosis.Bpf;

/// <summary>Registers as the BPF instruction set names them (RFC 9669, section 2.1).</summary>
internal enum Reg
{
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

/// <summary>Width of a load or store: the size bits of the opcode (RFC 9669, section 5).</summary>
internal enum Width
{
    Word = 0x00,
    Half = 0x08,
    Byte = 0x10,
    Double = 0x18,
}

/// <summary>A place in the code that jumps name before it is known.</summary>
internal sealed class Label
{
    internal int Position { get; set; } = -1;

    internal List<int> Jumps { get; } = [];
}

/// <summary>Assembles eBPF, one method an instruction (RFC 9669).</summary>
internal sealed class BpfCode
{
    private const byte PseudoMapFd = 1;
    private readonly List<ulong> _code = [];

    internal int Count => _code.Count;

    internal void Move(Reg to, Reg from) => Emit(0xbf, to, from, 0, 0);

    internal void Set(Reg to, int value) => Emit(0xb7, to, 0, 0, value);

    internal void Add(Reg to, int value) => Emit(0x07, to, 0, 0, value);

    internal void Add(Reg to, Reg from) => Emit(0x0f, to, from, 0, 0);

    internal void Load(Width width, Reg to, Reg from, int offset) => Emit(0x61 | (int)width, to, from, offset, 0);

    internal void Store(Width width, Reg to, int offset, Reg from) => Emit(0x63 | (int)width, to, from, offset, 0);

    internal void StoreZero(Reg to, int offset) => Emit(0x62 | (int)Width.Double, to, 0, offset, 0);

    internal void StoreWord(Reg to, int offset, int value) => Emit(0x62, to, 0, offset, value);

    /// <summary>An atomic add to memory of eight bytes.</summary>
    internal void AtomicAdd(Reg to, int offset, Reg from) => Emit(0xdb, to, from, offset, 0);

    internal void JumpIfEqual(Reg register, int value, Label to) => Jump(0x15, register, value, to);

    internal void JumpIfNotEqual(Reg register, int value, Label to) => Jump(0x55, register, value, to);

    internal void JumpIfBelow(Reg register, int value, Label to) => Jump(0xa5, register, value, to);

    internal void Jump(Label to) => Jump(0x05, 0, 0, to);

    internal void Call(int helper) => Emit(0x85, 0, 0, 0, helper);

    internal void Exit() => Emit(0x95, 0, 0, 0, 0);

    /// <summary>The address of a map, by its descriptor: two instruction slots.</summary>
    internal void LoadMap(Reg to, int descriptor)
    {
        Emit(0x18, to, (Reg)PseudoMapFd, 0, descriptor);
        _code.Add(0);
    }

    internal void Mark(Label label)
    {
        label.Position = _code.Count;
        foreach (var jump in label.Jumps)
            Patch(jump, label.Position);
    }

    /// <summary>The finished instructions; every label must have its place.</summary>
    internal ulong[] ToArray() => [.. _code];

    private void Jump(int opcode, Reg register, int value, Label to)
    {
        var at = _code.Count;
        Emit(opcode, register, 0, 0, value);
        if (to.Position >= 0)
            Patch(at, to.Position);
        else
            to.Jumps.Add(at);
    }

    private void Patch(int jump, int target)
    {
        var distance = checked((short)(target - jump - 1));
        _code[jump] = (_code[jump] & ~0xffff0000UL) | ((ulong)(ushort)distance << 16);
    }

    // Opcode, destination in the low and source in the high half of a byte, offset, immediate.
    private void Emit(int opcode, Reg to, Reg from, int offset, int value) =>
        _code.Add((byte)opcode | (ulong)((int)to | ((int)from << 4)) << 8 | (ulong)(ushort)checked((short)offset) << 16 | (ulong)(uint)value << 32);
}
