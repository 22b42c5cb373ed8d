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

    /// <summary>Shown to kubelets when streaming logs and terminals; null offers none.</summary>
    public X509Certificate2? KubeletClientCertificate { get; init; }

    /// <summary>Authority that signs kubelets' serving certificates; null trusts <see cref="ClientCa"/>.</summary>
    public X509Certificate2? KubeletCa { get; init; }
}
