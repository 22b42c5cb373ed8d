namespace Network.Kubelet.Images;

/// <summary>An archive, image or reference that cannot be used; the text names what and why.</summary>
public sealed class ImageException(string message, Exception? inner = null) : Exception(message, inner);
