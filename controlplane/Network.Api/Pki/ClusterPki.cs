using System.Net;
using System.Security.Cryptography;

namespace Network.Api.Pki;

/// <summary>
/// The files a cluster's components know each other by, in one directory. What exists is kept, so calling it again after a
/// crash completes the set and never changes the authority.
/// </summary>
public sealed class ClusterPki
{
    private const string Authority = "ca";
    private readonly string _directory;
    private readonly CertificateAuthority _authority;

    private ClusterPki(string directory, CertificateAuthority authority)
    {
        _directory = directory;
        _authority = authority;
    }

    public string AuthorityCertificate => _authority.Pem.Certificate;

    /// <summary>Signs what the cluster's certificate signing requests ask for.</summary>
    public CertificateAuthority Signer => _authority;

    public string AuthorityFile => Path.Combine(_directory, $"{Authority}.crt");

    /// <summary>Signs service account tokens (ES256).</summary>
    public string ServiceAccountKeyFile => Path.Combine(_directory, "sa.key");

    public static ClusterPki Open(string directory, TimeProvider time)
    {
        Directory.CreateDirectory(directory);
        if (!PemPair.Exists(directory, Authority))
            CertificateAuthority.Create("podnet-ca", time).Pem.Save(directory, Authority);
        var pki = new ClusterPki(directory, CertificateAuthority.Load(PemPair.Read(directory, Authority), time));
        if (!File.Exists(pki.ServiceAccountKeyFile))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            SecretFile.Write(pki.ServiceAccountKeyFile, key.ExportPkcs8PrivateKeyPem());
        }

        return pki;
    }

    /// <summary>The API server's certificate, valid for every name and address clients may use.</summary>
    public PemPair ApiServer(IEnumerable<IPAddress> addresses, string clusterDomain) => Ensure("apiserver", new CertificateRequestSpec("kube-apiserver")
    {
        Server = true,
        AlternativeNames =
        [
            "localhost", "127.0.0.1", .. addresses.Select(address => address.ToString()),
            "kubernetes", "kubernetes.default", "kubernetes.default.svc", $"kubernetes.default.svc.{clusterDomain}",
        ],
    });

    /// <summary>Who the API server is to kubelets.</summary>
    public PemPair KubeletClient() => Ensure("apiserver-kubelet-client", new CertificateRequestSpec("kube-apiserver-kubelet-client")
    {
        Client = true,
        Organizations = ["system:masters"],
    });

    /// <summary>A client by user and groups.</summary>
    public PemPair Client(string file, string user, params string[] groups) =>
        Ensure(file, new CertificateRequestSpec(user) { Client = true, Organizations = groups });

    /// <summary>A node's identity towards the API server.</summary>
    public PemPair Node(string node) => Client($"node-{node}", $"system:node:{node}", "system:nodes");

    /// <summary>A node's certificate as a server (kubelet API).</summary>
    public PemPair NodeServing(string node, IPAddress address) => Ensure($"node-{node}-serving", new CertificateRequestSpec($"system:node:{node}")
    {
        Server = true,
        Organizations = ["system:nodes"],
        AlternativeNames = [node, address.ToString()],
    });

    public string CertificateFile(string name) => Path.Combine(_directory, $"{name}.crt");

    public string KeyFile(string name) => Path.Combine(_directory, $"{name}.key");

    private PemPair Ensure(string name, CertificateRequestSpec spec)
    {
        if (!PemPair.Exists(_directory, name))
            _authority.Issue(spec).Save(_directory, name);
        return PemPair.Read(_directory, name);
    }
}
