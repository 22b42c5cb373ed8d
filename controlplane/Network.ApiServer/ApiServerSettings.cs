using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Network.ApiServer;

/// <summary>What an API server needs to know; the host validates it once and composes the rest.</summary>
public sealed record ApiServerSettings
{
    /// <summary>Addresses to listen on; port 0 takes any free port.</summary>
    public IReadOnlyList<IPEndPoint> Listen { get; init; } = [];

    /// <summary>A listening socket handed over by the parent process; null opens none.</summary>
    public int? ListenHandle { get; init; }

    public required X509Certificate2 ServingCertificate { get; init; }

    /// <summary>Authority that signs client certificates.</summary>
    public required X509Certificate2 ClientCa { get; init; }

    /// <summary>Signs service-account tokens (ES256, P-256).</summary>
    public required ECDsa ServiceAccountKey { get; init; }

    /// <summary>Issuer and default audience of service-account tokens.</summary>
    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    public required IPNetwork ServiceCidr { get; init; }

    public int FirstNodePort { get; init; } = 30000;

    public int LastNodePort { get; init; } = 32767;

    /// <summary>Where pods reach this server: the endpoint of service default/kubernetes. Null publishes none.</summary>
    public IPEndPoint? Advertise { get; init; }

    /// <summary>Audit policy (YAML, audit.k8s.io/v1) and the file its events are appended to; null keeps no audit log.</summary>
    public (string Policy, string Path)? Audit { get; init; }

    /// <summary>Reads and writes worked on at once; more are answered with 429.</summary>
    public (int Reads, int Writes) InFlight { get; init; } = (400, 200);

    /// <summary>Size of the store's files, for metrics; null when nobody knows.</summary>
    public Func<long>? StorageBytes { get; init; }

    /// <summary>Renders /metrics (Prometheus text); null serves none.</summary>
    public Func<string>? RenderMetrics { get; init; }

    /// <summary>Shown to kubelets when streaming logs and terminals; null offers none.</summary>
    public X509Certificate2? KubeletClientCertificate { get; init; }

    /// <summary>Authority that signs kubelets' serving certificates; null trusts <see cref="ClientCa"/>.</summary>
    public X509Certificate2? KubeletCa { get; init; }
}
