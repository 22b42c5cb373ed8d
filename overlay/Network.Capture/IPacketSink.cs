namespace Network.Capture;

/// <summary>An opened source: what it is and what link layer its packets start with.</summary>
/// <param name="LinkType">LINKTYPE_ value of the packets.</param>
public sealed record OpenedSource(CaptureSource Source, ushort LinkType);

/// <summary>
/// Where packets go, in order of time. All calls come from the thread that runs the session. An <see cref="IOException"/>
/// from any of them ends the capture: the reader has gone.
/// </summary>
public interface IPacketSink
{
    void Begin(IReadOnlyList<OpenedSource> sources, CaptureSettings settings);

    void Write(in CapturedPacket packet);

    /// <summary>Called when no more packets are ready; what was written must become visible to readers now.</summary>
    void Flush();

    void End(CaptureReport report);
}
