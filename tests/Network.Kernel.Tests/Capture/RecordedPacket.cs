namespace Network.Kernel.Tests.Capture;

/// <summary>A packet as a file holds it; the wire length is that before it was cut.</summary>
internal sealed record RecordedPacket(int WireLength, byte[] Bytes)
{
    public override string ToString() => $"{WireLength} bytes, {Convert.ToHexString(Bytes)}";
}
