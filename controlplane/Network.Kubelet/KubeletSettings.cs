using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Network.Kubelet;

/// <summary>Everything a kubelet is told; validated by its reader, then trusted.</summary>
public sealed record KubeletSettings
{
    public required string NodeName { get; init; }
    public required IPAddress NodeAddress { get; init; }
    /// <summary>State of this node: containers, pods, volumes.</summary>
    public required string DataDirectory { get; init; }
    /// <summary>The image store; several kubelets of one machine may share it.</summary>
    public required string ImageDirectory { get; init; }
    /// <summary>Folder of static pod manifests, watched; null means none.</summary>
    public string? ManifestDirectory { get; init; }
    /// <summary>Control group below which the containers' groups are made; null means /podnet/NODE.</summary>
    public string? CgroupRoot { get; init; }

    /// <summary>Begins the names of pods' network namespaces; null means the node's name.</summary>
    public string? NetNsPrefix { get; init; }

    public string LogDirectory { get; init; } = "/var/log/pods";
    public string CniConfigDirectory { get; init; } = "/etc/cni/net.d";
    public IReadOnlyList<string> CniBinaryDirectories { get; init; } = ["/opt/cni/bin"];
    public IReadOnlyList<IPAddress> ClusterDns { get; init; } = [];
    public string ClusterDomain { get; init; } = "cluster.local";
    /// <summary>The node's own resolver configuration; null finds it (systemd-resolved's real file before its stub).</summary>
    public string? ResolvConf { get; init; }
    /// <summary>Null detects crun or runc.</summary>
    public string? RuntimePath { get; init; }
    public IReadOnlyDictionary<string, string> NodeLabels { get; init; } = new Dictionary<string, string>();
    /// <summary>Address and port of the kubelet API; without a server certificate it must be a loopback address.</summary>
    public IPAddress ListenAddress { get; init; } = IPAddress.Any;
    public int Port { get; init; } = 10250;
    /// <summary>Certificate with private key for the kubelet API; null serves plain HTTP.</summary>
    public X509Certificate2? ServerCertificate { get; init; }
    /// <summary>Authorities of client certificates allowed on the kubelet API.</summary>
    public X509Certificate2Collection? ClientAuthorities { get; init; }
    public TimeSpan RestartBackoff { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan RestartBackoffLimit { get; init; } = TimeSpan.FromSeconds(300);
    /// <summary>How often ConfigMap, Secret and token volumes are looked at again.</summary>
    public TimeSpan VolumeRefresh { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>How long a pod that a service selects still answers before it is told to stop: meanwhile the proxies take it out. Part of its grace period.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromMilliseconds(500);
    public TimeSpan LeaseRenewal { get; init; } = TimeSpan.FromSeconds(10);
    public int MaximumPods { get; init; } = 110;
    /// <summary>The version reported in nodeInfo.</summary>
    public string Version { get; init; } = "v1.36.0-podnet";
}
