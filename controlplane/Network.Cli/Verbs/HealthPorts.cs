namespace Network.Cli.Verbs;

/// <summary>Loopback ports of /healthz, /readyz and /metrics, upstream's where upstream has one.</summary>
internal static class HealthPorts
{
    internal static int Of(string process) => process switch
    {
        "server" => 10260,
        "apiserver" => 10261,
        "scheduler" => 10259,
        "controllers" => 10257,
        "agent" => 10247,
        "kubelet" => 10248,
        "overlay" => 10246,
        "proxy" => 10249,
        "dns" => 9153,
        _ => 0,
    };
}
