namespace Network.Overlay;

/// <summary>The overlay cannot work as set; the message names the object, the field and the fix.</summary>
public sealed class OverlayException(string message) : Exception(message);
