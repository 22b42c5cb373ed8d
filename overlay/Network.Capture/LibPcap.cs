using SharpPcap;

namespace Network.Capture;

/// <summary>The native library, which is not part of the product.</summary>
internal static class LibPcap
{
    /// <summary>Throws with the package to install when libpcap is not there.</summary>
    internal static void Require()
    {
        try
        {
            _ = Pcap.LibpcapVersion;
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            throw new CaptureException("libpcap is missing; install the package libpcap0.8 (Debian, Ubuntu) or libpcap (Fedora, Alpine, Arch)", e);
        }
    }
}
