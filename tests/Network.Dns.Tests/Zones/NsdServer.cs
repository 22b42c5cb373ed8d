using System.Net;
using System.Text.RegularExpressions;
using Network.Linux;
using Network.TestKit;

namespace Network.Dns.Tests.Zones;

/// <summary>Debian's nsd on an address of its own: an oracle for zone files and a secondary for transfers.</summary>
public sealed partial class NsdServer : IAsyncDisposable
{
    private static int s_next;
    private readonly Child _child;

    private NsdServer(IPEndPoint address, Child child) => (Address, _child) = (address, child);

    public IPEndPoint Address { get; }

    /// <summary>An address no other test has.</summary>
    public static IPEndPoint NextAddress() => new(new IPAddress([127, (byte)(1 + (Environment.ProcessId % 250)), 250, (byte)(1 + Interlocked.Increment(ref s_next))]), 10053);

    public static async Task<NsdServer> StartAsync(string folder, string zones, IPEndPoint? address = null)
    {
        Requires.Root();
        Requires.Tool("nsd");
        address ??= NextAddress();
        var work = Directory.CreateDirectory(Path.Combine(folder, $"nsd-{address.Address}")).FullName;
        var config = Path.Combine(work, "nsd.conf");
        await File.WriteAllTextAsync(config, $"""
            server:
              ip-address: {address.Address}@{address.Port}
              username: ""
              chroot: ""
              zonesdir: "{work}"
              database: ""
              pidfile: "{work}/nsd.pid"
              xfrdfile: "{work}/xfrd.state"
              xfrdir: "{work}"
              zonelistfile: "{work}/zone.list"
              logfile: "{work}/nsd.log"
              server-count: 1
              minimal-responses: yes
              verbosity: 2
            remote-control:
              control-enable: no

            """ + zones);
        var child = Child.Start(new ChildSpec("nsd", ["-d", "-c", config]));
        var server = new NsdServer(address, child);
        try
        {
            await Eventually.TrueAsync(() => Shell.Run("sh", "-c", $"dig @{address.Address} -p {address.Port} +tries=1 +time=1 . SOA || true").Contains("status:"), TimeSpan.FromSeconds(30),
                () => File.Exists($"{work}/nsd.log") ? File.ReadAllText($"{work}/nsd.log") : "no log");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        return server;
    }

    public string Ask(params string[] question) => Ask(Address, question);

    /// <summary>Code, AA and the records of a server's answer, in an order of their own.</summary>
    public static string Ask(IPEndPoint server, params string[] question)
    {
        Requires.Tool("dig");
        var text = Shell.Run("dig", [$"@{server.Address}", "-p", $"{server.Port}", "+tries=2", "+time=5", "+norecurse", "+noedns", "+tcp", .. question]);
        var code = Code().Match(text).Groups[1].Value;
        var flags = Flags().Match(text).Groups[1].Value.Contains("aa") ? " aa" : "";
        // What comes along with an answer is each server's own choice; what comes with a referral is not.
        var found = Section().Matches(text);
        var sections = found.Where(section => section.Groups[1].Value != "ADDITIONAL" || found[0].Groups[1].Value != "ANSWER").Select(section => $"{section.Groups[1].Value}:\n{string.Join('\n', section.Groups[2].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != ';').Select(line => Blanks().Replace(line, " ").ToLowerInvariant()).Order(StringComparer.Ordinal))}");
        return $"{code}{flags}\n{string.Join('\n', sections)}";
    }

    public async ValueTask DisposeAsync()
    {
        _child.Kill(15);
        await _child.WaitAsync().ConfigureAwait(false);
    }

    [GeneratedRegex(@"status: (\w+)")]
    private static partial Regex Code();

    [GeneratedRegex(@"flags: ([a-z ]+);")]
    private static partial Regex Flags();

    [GeneratedRegex(@";; (ANSWER|AUTHORITY|ADDITIONAL) SECTION:\n((?:.+\n)+)")]
    private static partial Regex Section();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
