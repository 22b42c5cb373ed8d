using Network.Linux;
using Network.TestKit;

namespace Network.EndToEnd.Tests.Dns;

/// <summary>Debian's dnsmasq on the server's machine: what lies outside the cluster. It notes every question.</summary>
internal sealed class Upstream(string netNs, string address) : IAsyncDisposable
{
    private readonly string _log = Path.GetTempFileName();
    private Child? _child;

    internal string Address => address;

    internal async Task StartAsync()
    {
        Requires.Tool("dnsmasq");
        _child = Child.Start(new ChildSpec("dnsmasq",
        [
            "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--no-resolv", "--no-hosts", "--bind-interfaces", $"--listen-address={address}",
            "--log-queries", $"--log-facility={_log}", "--local=/#/", "--local-ttl=1", "--neg-ttl=1",
            "--host-record=www.outside.test,203.0.113.80", "--host-record=other.outside.test,203.0.113.81", "--host-record=www.stub.test,203.0.113.82", "--address=/once.outside.test/203.0.113.83",
        ]) { NetNs = netNs });
        await Eventually.TrueAsync(() => Shell.RunIn(netNs, "sh", "-c", $"dig @{address} +tries=1 +time=1 +short up.outside.test || true; dig @{address} +tries=1 +time=1 www.outside.test | grep -c NOERROR || true").Contains('1'), TimeSpan.FromSeconds(10),
            () => File.ReadAllText(_log));
    }

    /// <summary>The questions with this in their names, in the order they came.</summary>
    internal IReadOnlyList<string> Asked(string part) =>
        File.ReadAllLines(_log).Where(line => line.Contains("query[") && line.Contains(part)).Select(line => line[line.IndexOf("query[", StringComparison.Ordinal)..]).ToList();

    internal async Task StopAsync()
    {
        _child!.Kill(Processes.SIGKILL);
        await _child.WaitAsync();
        _child = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_child is not null)
            await StopAsync();
        File.Delete(_log);
    }
}
