using System.Diagnostics.Metrics;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Network.Iptables;
using Network.Linux;
using Network.ServiceProxy.Backends.Iptables;
using Network.ServiceProxy.Model;

namespace Network.ServiceProxy;

/// <summary>
/// Keeps a node's service rules equal to the services. The full desired state comes in; only the newest set that waits is
/// programmed. When the kernel refuses, the last good rules stay and it is tried again.
/// </summary>
public sealed partial class ServiceProxyDaemon(ProxySettings settings, TimeProvider time, ILogger logger)
{
    private static readonly Meter s_meter = new("Network.ServiceProxy");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("kubeproxy_sync_proxy_rules_duration_seconds", "s", "Time of one pass over the rules.");
    private static readonly Counter<long> s_failures = s_meter.CreateCounter<long>("kubeproxy_sync_proxy_rules_iptables_restore_failures_total", null, "Passes the kernel refused.");
    private static readonly Counter<long> s_repairs = s_meter.CreateCounter<long>("podnet_proxy_repairs_total", null, "Passes made because others changed our rules.");
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private readonly Channel<IReadOnlyCollection<ServicePort>?> _wishes = Channel.CreateUnbounded<IReadOnlyCollection<ServicePort>?>();

    /// <summary>True once the first set is in the kernel.</summary>
    public bool IsReady { get; private set; }

    /// <summary>The full set of services. Returns at once.</summary>
    public void Apply(IReadOnlyCollection<ServicePort> services) => _wishes.Writer.TryWrite(services);

    public async Task RunAsync(CancellationToken cancel)
    {
        EnsureSysctls();
        var proxier = new IptablesProxier(settings, await IptablesRestore.DetectAsync(IptablesFamily.V4, settings.NetNs, cancel).ConfigureAwait(false));
        await using var audit = time.CreateTimer(_ => _wishes.Writer.TryWrite(null), null, settings.AuditInterval, settings.AuditInterval);
        IReadOnlyCollection<ServicePort>? services = null;
        var refused = false;
        while (await _wishes.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
        {
            var auditing = !refused;
            while (_wishes.Reader.TryRead(out var wish))
            {
                auditing &= wish is null;
                services = wish ?? services;
            }

            if (services is not null)
                refused = !await PassAsync(proxier, services, auditing, cancel).ConfigureAwait(false);
        }
    }

    private async Task<bool> PassAsync(IptablesProxier proxier, IReadOnlyCollection<ServicePort> services, bool auditing, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        try
        {
            if (auditing && IsReady)
            {
                if (await proxier.IsIntactAsync(cancel).ConfigureAwait(false))
                    return true;
                proxier.Forget();
                s_repairs.Add(1);
                LogRepairing(settings.NodeName);
            }

            await proxier.ProgramAsync(services.Select(service => service.Of(AddressFamily.InterNetwork)).OfType<ServicePort>().ToList(), cancel).ConfigureAwait(false);
            IsReady = true;
            var elapsed = time.GetElapsedTime(started);
            s_duration.Record(elapsed.TotalSeconds);
            LogProgrammed(settings.NodeName, services.Count, proxier.WrittenChains, elapsed.TotalMilliseconds);
            return true;
        }
        catch (Exception e) when (e is IptablesException or LinuxException or IOException)
        {
            s_failures.Add(1);
            LogRefused(settings.NodeName, e.Message);
            proxier.Forget();
            await Task.Delay(s_retry, time, cancel).ConfigureAwait(false);
            // Only a wake-up: a newer set may be waiting by now, and it must win.
            _wishes.Writer.TryWrite(null);
            return false;
        }
    }

    // Without bridge netfilter the reply of a same-node endpoint is bridged past conntrack and arrives with the wrong source.
    private void EnsureSysctls()
    {
        if (settings.NetNs is { } ns)
            Linux.NetNs.Run(ns, Set);
        else
            Set();

        static void Set()
        {
            Sysctl.TrySet("net/ipv4/ip_forward", "1");
            Sysctl.TrySet("net/bridge/bridge-nf-call-iptables", "1");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "programmed node={Node} ports={Ports} chains={Chains} ms={Milliseconds:0.0}")]
    private partial void LogProgrammed(string node, int ports, int chains, double milliseconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "rules were changed by others, writing all again node={Node}")]
    private partial void LogRepairing(string node);

    [LoggerMessage(Level = LogLevel.Warning, Message = "rules refused node={Node}: {Reason}")]
    private partial void LogRefused(string node, string reason);
}
