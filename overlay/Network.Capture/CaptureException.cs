namespace Network.Capture;

/// <summary>A capture that cannot start: which source or field, why, and what to do.</summary>
public sealed class CaptureException(string message, Exception? cause = null) : InvalidOperationException(message, cause);
