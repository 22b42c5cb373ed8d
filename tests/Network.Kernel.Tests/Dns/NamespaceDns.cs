using System.Net;
using Network.Dns;
using Network.Dns.Plugins.Cluster;
using Network.TestKit;

namespace Network.Kernel.Tests.Dns;

/// <summary>podnet's own DNS server, listening in a namespace; it keeps a line of every question.</summary>
internal sealed class NamespaceDns : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly LinesLogger _lines = new();
    private readonly Task _running;

    /// <param name="corefile">Written to <paramref name="path"/>.</param>
    internal NamespaceDns(ScratchNetNs ns, IPEndPoint address, string path, string corefile)
    {
        File.WriteAllText(path, corefile);
        Index = new ClusterIndex("cluster.local") { Complete = true };
        Index.PutNamespace("default");
        Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.7.7")] });
        Server = new DnsServer(new DnsSettings([address]) { Corefile = path, UdpSockets = 1 }, Index, TimeProvider.System, _lines);
        // Sockets belong to the namespace of the thread that makes them, and are made before the first wait.
        _running = ns.Run(() => Server.RunAsync(_stop.Token));
    }

    internal const string Cluster = """
        .:53 {
            log
            errors
            kubernetes cluster.local in-addr.arpa ip6.arpa
        }
        """;

    internal const string World = """
        .:53 {
            log
            errors
            template IN ANY . {
                match "^www[.]example[.]org[.]$"
                answer "{{ .Name }} 60 IN A 198.51.100.7"
                fallthrough
            }
            template IN ANY . {
                rcode NXDOMAIN
            }
        }
        """;

    internal ClusterIndex Index { get; }

    internal DnsServer Server { get; }

    /// <summary>Names asked so far, one a line.</summary>
    internal string Asked => _lines.Text;

    public void Dispose()
    {
        _stop.Cancel();
        _running.GetAwaiter().GetResult();
        _stop.Dispose();
    }
}
