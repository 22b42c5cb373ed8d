using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Network.ServiceProxy;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Model;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.ServiceProxy;

public sealed class ServiceProxyDaemonTests : IAsyncLifetime
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource _stop = new();
    private readonly RecordedLog _log = new();
    private ProxyNode _node = null!;
    private ServiceProxyDaemon _daemon = null!;
    private Task _running = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Tool("iptables");
        _node = new ProxyNode();
        _daemon = new ServiceProxyDaemon(_node.Settings with { Mode = ProxyMode.Iptables, AuditInterval = TimeSpan.FromMilliseconds(200) }, TimeProvider.System,
            _log);
        _running = _daemon.RunAsync(_stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            if (_node is not null)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        }
        finally
        {
            // A daemon that failed leaves no namespace either.
            _node?.Dispose();
            _stop.Dispose();
        }
    }

    [Fact]
    public async Task Daemon_repairs_flushed_tables_and_keeps_serving_when_it_is_gone()
    {
        _daemon.Apply([ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer())]);
        await Eventually.TrueAsync(() => _daemon.IsReady, s_deadline, Show);
        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);

        _node.Ns.Exec("iptables", "-t", "nat", "-F");
        _node.Ns.Exec("iptables", "-t", "filter", "-F");
        await Eventually.TrueAsync(() => _node.Saved().Contains("-j KUBE-POSTROUTING"), s_deadline, Show);

        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
        await _stop.CancelAsync();
        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
    }

    [Fact]
    public async Task Newest_services_win_over_a_set_that_the_kernel_refused()
    {
        var good = ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer());
        _daemon.Apply([good with { Affinity = TimeSpan.FromSeconds(-1) }]);
        await Eventually.TrueAsync(() => _log.Lines.Any(line => line.StartsWith("service refused", StringComparison.Ordinal)), s_deadline, Show);

        _daemon.Apply([good]);

        await Eventually.TrueAsync(() => _node.Saved().Contains(Chains.Service(good)), s_deadline, Show);
        Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
    }

    [Fact]
    public async Task Addresses_of_the_other_family_do_not_stand_in_the_way_of_IPv4()
    {
        var service = ProxyNode.Service("a", TransportProtocol.Tcp, _node.AddServer());
        _daemon.Apply([service with
        {
            ClusterIps = [.. service.ClusterIps, IPAddress.Parse("fd00:10:96::a")],
            ExternalIps = [IPAddress.Parse("2001:db8::7")],
            Endpoints = [.. service.Endpoints, new ServiceEndpoint(IPAddress.Parse("fd00:10:244::2"), ServerPod.Port)],
        }]);
        await Eventually.TrueAsync(() => _node.Saved().Contains(Chains.Service(service)), s_deadline, Show);

        for (var i = 0; i < 10; i++)
            Question.Ask(_node.Client, ProxyNode.ClusterIp("a"), 80);
    }

    private string Show() => $"{string.Join('\n', _log.Lines)}\n{_node.Saved()}";

    private sealed class RecordedLog : ILogger
    {
        internal ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));
    }
}
