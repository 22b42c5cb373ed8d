using System.Diagnostics.Metrics;
using Network.ServiceProxy.Backends;

namespace Network.ServiceProxy;

/// <summary>kube-proxy's names where it has one, so that dashboards and alerts fit.</summary>
internal static class ProxyMetrics
{
    private static readonly Meter s_meter = new("Network.ServiceProxy");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("kubeproxy_sync_proxy_rules_duration_seconds", "s", "Time of one pass over the rules.");
    private static readonly Histogram<double> s_full = s_meter.CreateHistogram<double>("kubeproxy_sync_full_proxy_rules_duration_seconds", "s", "Time of passes that wrote every service.");
    private static readonly Histogram<double> s_partial = s_meter.CreateHistogram<double>("kubeproxy_sync_partial_proxy_rules_duration_seconds", "s", "Time of passes that wrote what had changed.");
    private static readonly Counter<long> s_iptablesFailures = s_meter.CreateCounter<long>("kubeproxy_sync_proxy_rules_iptables_restore_failures_total", null, "Passes that iptables-restore refused.");
    private static readonly Counter<long> s_nftablesFailures = s_meter.CreateCounter<long>("kubeproxy_sync_proxy_rules_nftables_sync_failures_total", null, "Passes that nf_tables refused.");
    private static readonly Gauge<double> s_last = s_meter.CreateGauge<double>("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "s", "When the last pass succeeded.");
    private static readonly Gauge<long> s_total = s_meter.CreateGauge<long>("kubeproxy_sync_proxy_rules_iptables_total", null, "Rules of ours, in iptables mode.");
    private static readonly Gauge<long> s_elements = s_meter.CreateGauge<long>("podnet_proxy_nftables_elements", null, "Set elements of ours, in nftables mode.");

    internal static Histogram<double> Programming { get; } =
        s_meter.CreateHistogram<double>("kubeproxy_network_programming_duration_seconds", "s", "From the change of an endpoint to its rules in the kernel.");

    internal static Histogram<double> Committing { get; } =
        s_meter.CreateHistogram<double>("podnet_proxy_watch_to_commit_seconds", "s", "From the arrival of a change on this node to its rules in the kernel.");

    internal static Counter<long> Repairs { get; } = s_meter.CreateCounter<long>("podnet_proxy_repairs_total", null, "Passes made because others changed our rules.");

    internal static Counter<long> StaleConnections { get; } =
        s_meter.CreateCounter<long>("kubeproxy_conntrack_reconciler_deleted_entries_total", null, "Tracked connections removed because their endpoint serves no more.");

    internal static void Passed(IProxyBackend backend, bool full, TimeSpan elapsed, DateTimeOffset now)
    {
        s_duration.Record(elapsed.TotalSeconds);
        (full ? s_full : s_partial).Record(elapsed.TotalSeconds);
        s_last.Record(now.ToUnixTimeMilliseconds() / 1000.0);
        (backend.Mode == ProxyMode.Nftables ? s_elements : s_total).Record(backend.Total);
    }

    internal static void Failed(IProxyBackend backend) => (backend.Mode == ProxyMode.Nftables ? s_nftablesFailures : s_iptablesFailures).Add(1);
}
