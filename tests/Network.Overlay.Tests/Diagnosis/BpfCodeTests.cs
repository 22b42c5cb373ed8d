using Network.Diagnosis.Bpf;
using Xunit;

namespace Network.Overlay.Tests.Diagnosis;

public sealed class BpfCodeTests
{
    // Encodings written out by hand from RFC 9669, section 3: opcode, source and destination, offset, immediate.
    [Fact]
    public void Instructions_are_encoded_as_the_standard_says()
    {
        var code = new BpfCode();
        var end = new Label();
        code.Set(Reg.R0, -1);
        code.JumpIfEqual(Reg.R1, 7, end);
        code.Load(Width.Double, Reg.R2, Reg.R6, 16);
        code.Store(Width.Word, Reg.R10, -8, Reg.R2);
        code.Mark(end);
        code.Exit();
        Assert.Equal([0xffffffff_0000_00_b7, 0x00000007_0002_01_15, 0x00000000_0010_62_79, 0x00000000_fff8_2a_63, 0x95UL], code.ToArray());
    }
}
