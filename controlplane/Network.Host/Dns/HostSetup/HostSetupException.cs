namespace Network.Host.Dns.HostSetup;

/// <summary>The host's resolver cannot be set up. The text names the object and what helps.</summary>
public sealed class HostSetupException(string message, Exception? inner = null) : InvalidOperationException(message, inner)
{
    /// <summary>It may be over in a moment by itself: a link or a daemon that is on its way back.</summary>
    public bool MayPass { get; init; }

    /// <summary>A signal tells when it is over, so nobody needs to try again before.</summary>
    public bool IsSignalled { get; init; }
}
