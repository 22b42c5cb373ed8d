namespace Network.Overlay.Tests.Capture;

/// <summary>Frames as the kernel sends them, in hexadecimal.</summary>
internal static class Frames
{
    private const string EchoHex = "0200000000020200000000010800" + "4500001c00010000400161f50af401020af40202" + "0800f7fd00010001";

    /// <summary>10.244.1.2 pings 10.244.2.2: 42 bytes.</summary>
    internal static byte[] Echo() => Convert.FromHexString(EchoHex);

    /// <summary>The same in VXLAN 77 from 172.30.0.2 to 172.30.0.3: 92 bytes.</summary>
    internal static byte[] Vxlan() => Convert.FromHexString(
        "0200000000120200000000110800" + "4500004e000000004011225eac1e0002ac1e0003" + "c00012b5003a0000" + "0800000000004d00" + EchoHex);
}
