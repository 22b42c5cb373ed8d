namespace Network.Overlay;

/// <summary>How much has to be looked at because of a kernel event.</summary>
internal enum EventReach
{
    None,

    /// <summary>The one object the event names.</summary>
    Object,

    /// <summary>The network below: which device, which addresses, who is on-link.</summary>
    Below,

    /// <summary>Everything: the kernel drops routes and neighbours silently with a device, an address or a MAC.</summary>
    Whole,
}
