using SharpPcap.LibPcap;

namespace Network.Capture.Live;

/// <summary>A device whose descriptor can be waited for together with others.</summary>
internal sealed class PolledDevice(PcapInterface device) : LibPcapLiveDevice(device)
{
    internal int Descriptor => FileDescriptor;
}
