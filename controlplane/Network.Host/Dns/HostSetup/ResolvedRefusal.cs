namespace Network.Host.Dns.HostSetup;

/// <summary>What the bus answered, in words: the object, what was refused and what helps. Pure.</summary>
internal static class ResolvedRefusal
{
    private const string Bus = "org.freedesktop.DBus.Error.";
    private const string Resolve = "org.freedesktop.resolve1.";

    internal const string NoSuchLink = $"{Resolve}NoSuchLink";

    /// <summary>Ways for a host that has no systemd-resolved, in the order of preference.</summary>
    internal const string OtherWays = """
        without it:
          NetworkManager with dnsmasq: "server=/cluster.local/10.96.0.10" in /etc/NetworkManager/dnsmasq.d/podnet.conf, "dns=dnsmasq" in NetworkManager.conf
          any Linux: a local forwarder (dnsmasq, unbound) with that one zone, and its address as the first nameserver in /etc/resolv.conf
          macOS: "nameserver 10.96.0.10" in /etc/resolver/cluster.local
        """;

    internal static HostSetupException NoBus(string address, Exception e) => new(
        $"no system bus at {address}: {e.GetBaseException().Message}; start dbus, or give --bus with the address of another\n{OtherWays}", e);

    internal static HostSetupException BusLost(string what, string attempt, Exception e) =>
        new($"{what}: the bus has gone while this was to {attempt}", e) { MayPass = true };

    internal static HostSetupException Of(string what, string attempt, string error, string message, Exception e) => error switch
    {
        $"{Bus}ServiceUnknown" or $"{Bus}NameHasNoOwner" or "org.freedesktop.systemd1.NoSuchUnit" or "org.freedesktop.systemd1.UnitMasked" => NotRunning(e),
        _ when error.StartsWith($"{Bus}Spawn", StringComparison.Ordinal) => NotRunning(e),
        $"{Bus}NoReply" or $"{Bus}Timeout" or $"{Bus}TimedOut" or $"{Bus}Disconnected" => new HostSetupException(
            $"systemd-resolved went, or did not answer, while this was to {attempt} of {what}", e) { MayPass = true },
        $"{Bus}AccessDenied" or $"{Bus}InteractiveAuthorizationRequired" or $"{Bus}AuthFailed" => new HostSetupException(
            $"{what}: polkit refused to let this user {attempt} ({message}); run it as root, or grant the actions org.freedesktop.resolve1.*", e),
        NoSuchLink => new HostSetupException($"{what}: systemd-resolved does not know it; is it in another network namespace?", e) { MayPass = true },
        $"{Resolve}LinkBusy" => new HostSetupException(
            $"{what} is configured by systemd-networkd, which alone may {attempt}; write DNS= and Domains=~cluster.local into its .network file, or give another --link", e),
        _ => new HostSetupException($"{what}: systemd-resolved refused to {attempt}: {message} ({error})", e),
    };

    private static HostSetupException NotRunning(Exception e) =>
        new($"systemd-resolved is not running: systemctl enable --now systemd-resolved\n{OtherWays}", e) { MayPass = true, IsSignalled = true };
}
