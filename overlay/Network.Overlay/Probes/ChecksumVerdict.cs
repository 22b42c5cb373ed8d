namespace Network.Overlay;

/// <summary>What the self-test through the tunnel found about checksums that the device is left to compute.</summary>
public enum ChecksumVerdict
{
    /// <summary>No peer has answered yet.</summary>
    Untested,

    /// <summary>Packets whose checksum is left to the device arrive.</summary>
    Works,

    /// <summary>They did not arrive, those computed here do: the device's offload was turned off.</summary>
    TurnedOff,

    /// <summary>Packets with a checksum do not arrive at all, with or without offload; nothing was changed.</summary>
    Broken,
}
