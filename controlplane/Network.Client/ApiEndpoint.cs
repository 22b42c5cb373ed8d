using System.Security.Cryptography.X509Certificates;
using k8s;

namespace Network.Client;

/// <summary>Where the API server is and who we are to it.</summary>
public sealed record ApiEndpoint(Uri Server)
{
    /// <summary>Authorities that may have signed the server's certificate.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    public X509Certificate2? ClientCertificate { get; init; }

    public string? Token { get; init; }

    /// <summary>Sent as User-Agent; its part before the slash becomes the field manager.</summary>
    public string Component { get; init; } = "podnet";

    /// <summary>Reads a kubeconfig file's current context.</summary>
    public static ApiEndpoint FromKubeconfig(string path)
    {
        var config = KubernetesClientConfiguration.BuildConfigFromConfigFile(path);
        return new ApiEndpoint(new Uri(config.Host))
        {
            Authorities = config.SslCaCerts,
            ClientCertificate = LoadCertificate(config),
            Token = config.AccessToken,
        };
    }

    private static X509Certificate2? LoadCertificate(KubernetesClientConfiguration config)
    {
        var certificate = config.ClientCertificateData is { } data
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(data))
            : config.ClientCertificateFilePath is { } file ? File.ReadAllText(file) : null;
        var key = config.ClientCertificateKeyData is { } keyData
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(keyData))
            : config.ClientKeyFilePath is { } keyFile ? File.ReadAllText(keyFile) : null;
        return certificate is null || key is null ? null : X509Certificate2.CreateFromPem(certificate, key);
    }
}
