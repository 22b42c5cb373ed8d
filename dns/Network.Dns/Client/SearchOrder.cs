using System.Globalization;
using System.Net;

namespace Network.Dns.Client;

/// <summary>A client's resolver configuration (resolv.conf(5)) and the names it makes of one name. Pure.</summary>
public sealed record SearchOrder(IReadOnlyList<IPAddress> Servers, IReadOnlyList<string> Searches, int Dots)
{
    public static SearchOrder Read(string text)
    {
        var (servers, searches, dots) = (new List<IPAddress>(), Array.Empty<string>(), 1);
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..] when IPAddress.TryParse(server, out var address):
                    servers.Add(address);
                    break;
                case ["search" or "domain", ..]:
                    searches = words[1..];
                    break;
                case ["options", ..]:
                    foreach (var option in words.Where(word => word.StartsWith("ndots:", StringComparison.Ordinal)))
                        dots = int.TryParse(option[6..], CultureInfo.InvariantCulture, out var number) ? Math.Min(number, 15) : dots;
                    break;
            }
        }

        return new SearchOrder(servers, searches, dots);
    }

    /// <summary>In the C library's order: a name with enough dots as it is first, else last; one that ends in a dot only as it is.</summary>
    public IEnumerable<string> NamesOf(string name)
    {
        if (name.EndsWith('.'))
            return [name];
        var suffixed = Searches.Select(search => $"{name}.{search.TrimEnd('.')}.");
        return name.Count(letter => letter == '.') >= Dots ? [$"{name}.", .. suffixed] : [.. suffixed, $"{name}."];
    }
}
