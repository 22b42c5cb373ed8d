using System.Net;
using Network.Dns.Plugins.Forward;

namespace Network.Host.Dns.HostSetup;

/// <summary>Whether programs that read resolv.conf ask systemd-resolved at all. Pure.</summary>
internal static class StubCheck
{
    /// <summary>Both addresses of its stub listener: the second gives on what it gets without a cache (systemd-resolved.service(8)).</summary>
    private static readonly IPAddress[] s_stub = [IPAddress.Parse("127.0.0.53"), IPAddress.Parse("127.0.0.54")];

    /// <param name="text">The file's text; null where there is none.</param>
    /// <returns>What to tell the user; null when all is well.</returns>
    internal static string? Warning(string path, string? text)
    {
        const string Fix = "ln -sf /run/systemd/resolve/stub-resolv.conf";
        if (text is null)
            return $"{path} is missing: programs that read it do not ask systemd-resolved; {Fix} {path}";
        var file = ResolvConf.Read(new StringReader(text));
        if (file.LeftOut.Any(s_stub.Contains))
            return null;
        var servers = string.Join(", ", file.LeftOut.Concat(file.Upstreams.Select(server => server.Address)));
        return $"{path} names {(servers.Length == 0 ? "no server" : servers)} instead of systemd-resolved's 127.0.0.53: programs that read it do not see the cluster's names; {Fix} {path}";
    }
}
