using System.Net;

namespace Network.Dns.Plugins.Forward;

/// <summary>What a resolv.conf says.</summary>
/// <param name="Upstreams">
/// The name servers listed, without loopback addresses: inside a node's namespace those would be ourselves, and every
/// foreign name would circle until it times out.
/// </param>
/// <param name="LeftOut">The loopback addresses.</param>
/// <param name="Searches">Suffixes of the last search or domain line, as the C library takes them (resolv.conf(5)).</param>
public sealed record ResolvConf(IReadOnlyList<IPEndPoint> Upstreams, IReadOnlyList<IPAddress> LeftOut, IReadOnlyList<string> Searches)
{
    public static readonly ResolvConf Empty = new([], [], []);

    public static ResolvConf Read(TextReader text)
    {
        var (servers, loopback) = (new List<IPEndPoint>(), new List<IPAddress>());
        string[] searches = [];
        while (text.ReadLine() is { } line)
        {
            var words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var server, ..] && IPAddress.TryParse(server, out var address))
            {
                if (IPAddress.IsLoopback(address))
                    loopback.Add(address);
                else
                    servers.Add(new IPEndPoint(address, 53));
            }
            else if (words is ["search" or "domain", ..])
            {
                searches = words[1..];
            }
        }

        return new ResolvConf(servers, loopback, searches);
    }
}
