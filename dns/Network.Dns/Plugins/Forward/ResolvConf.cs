using System.Net;

namespace Network.Dns.Plugins.Forward;

/// <summary>Upstream servers out of a resolv.conf.</summary>
public static class ResolvConf
{
    /// <summary>
    /// The name servers listed, without loopback addresses: inside a node's namespace those would be ourselves, and every
    /// foreign name would circle until it times out.
    /// </summary>
    public static IReadOnlyList<IPEndPoint> Upstreams(TextReader text)
    {
        var servers = new List<IPEndPoint>();
        while (text.ReadLine() is { } line)
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var server, ..] && IPAddress.TryParse(server, out var address) && !IPAddress.IsLoopback(address))
                servers.Add(new IPEndPoint(address, 53));
        }

        return servers;
    }
}
