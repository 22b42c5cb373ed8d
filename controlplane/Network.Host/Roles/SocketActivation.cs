namespace Network.Host.Roles;

/// <summary>Listening sockets handed over by whoever started us (sd_listen_fds(3)): the first one is descriptor 3.</summary>
internal static class SocketActivation
{
    private const int FirstDescriptor = 3;

    internal static int? InheritedSocket() => Environment.GetEnvironmentVariable("LISTEN_FDS") is { } text && int.TryParse(text, out var count) && count > 0
        ? FirstDescriptor
        : null;
}
