using Microsoft.Extensions.Logging.Abstractions;
using Network.Linux;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

/// <summary>Somebody else holds the lock of the old iptables. PODNET_LOCK_SECONDS says how long.</summary>
public sealed class HeldLockTests : IDisposable
{
    private const string Variable = "XTABLES_LOCKFILE";
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_held = TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("PODNET_LOCK_SECONDS"), out var seconds) ? seconds : 7);
    private readonly string _lock = Path.GetTempFileName();

    public HeldLockTests()
    {
        Requires.Root();
        Requires.Tool("iptables-legacy");
        // A lock of our own, so that the machine's is free for others.
        Environment.SetEnvironmentVariable(Variable, _lock);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        File.Delete(_lock);
    }

    [Fact]
    public async Task Rules_come_once_it_is_free_it_is_said_meanwhile_and_what_stood_answers()
    {
        using var node = new ProxyNode();
        // The implementation that holds rules already is the one that is used.
        node.Ns.Exec("iptables-legacy", "-t", "filter", "-A", "INPUT", "-j", "ACCEPT");
        using var stop = new CancellationTokenSource();
        var daemon = new ServiceProxyDaemon(node.Settings with { Mode = ProxyMode.Iptables, AuditInterval = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, NullLogger.Instance);
        var said = new List<string>();
        daemon.Refusing += (_, why) => said.Add(why);
        var running = daemon.RunAsync(stop.Token);
        var first = ProxyNode.Service("a", TransportProtocol.Tcp, node.AddServer());
        daemon.Apply([first]);
        await Eventually.TrueAsync(() => daemon.IsReady, s_deadline, () => daemon.Refusal ?? "not ready");

        var second = ProxyNode.Service("b", TransportProtocol.Tcp, node.AddServer());
        using (var held = FileDescriptor.Open(_lock, write: true))
        {
            Assert.True(FileDescriptor.TryLock(held, wait: false));
            daemon.Change([second], []);
            for (var clock = System.Diagnostics.Stopwatch.StartNew(); clock.Elapsed < s_held;)
            {
                Question.Ask(node.Client, ProxyNode.ClusterIp("a"), 80);
                await Task.Delay(100, TestContext.Current.CancellationToken);
            }

            Assert.NotNull(daemon.Refusal);
            Assert.Single(said);
        }

        await Eventually.TrueAsync(() => daemon.Refusal is null && daemon.Waiting == TimeSpan.Zero, s_deadline, () => daemon.Refusal ?? "waiting");
        Question.Ask(node.Client, ProxyNode.ClusterIp("b"), 80);
        Question.Ask(node.Client, ProxyNode.ClusterIp("a"), 80);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }
}
