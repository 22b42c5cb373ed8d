using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Api.Pki;
using Network.ApiServer;
using Network.Linux;
using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>A whole API server in this process on a free loopback port, with its own authority, store and kubeconfig.</summary>
public sealed class ApiServerFixture : IAsyncLifetime
{
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("podnet-test", TimeProvider.System);
    private readonly ECDsa _accountKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-api-").FullName;
    private SqliteStore? _store;
    private ApiServerHost? _host;

    public string KubeconfigPath => Path.Combine(_directory, "kubeconfig");

    /// <summary>Reads and writes at once; set before the start.</summary>
    public (int Reads, int Writes) InFlight { get; init; } = (400, 200);

    /// <summary>What the audit log keeps; set before the start, null keeps none.</summary>
    public string? AuditPolicy { get; init; }

    /// <summary>How much history the store keeps; set before the start.</summary>
    public StoreSettings History { get; init; } = new();

    /// <summary>What the server has instead of the store, which it may be around; set before the start.</summary>
    public Func<IStore, IStore> Around { get; init; } = store => store;

    public CertificateAuthority Authority => _authority;

    /// <summary>A copy of the key that signs account tokens, as another process would load it.</summary>
    public ECDsa AccountKey => ECDsa.Create(_accountKey.ExportParameters(true));

    public string ScratchDirectory => _directory;

    public Uri Url => new($"https://127.0.0.1:{_host!.Endpoints[0].Port}");

    public IStore Store => _store!;

    private string AuditPath => Path.Combine(_directory, "audit.log");

    public async ValueTask InitializeAsync()
    {
        _store = new SqliteStore(Path.Combine(_directory, "state.db"), History, TimeProvider.System);
        var serving = _authority.Issue(new CertificateRequestSpec("apiserver") { Server = true, AlternativeNames = ["127.0.0.1", "localhost"] });
        _host = new ApiServerHost(new ApiServerSettings
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)], ServingCertificate = serving.Load(),
            ClientCa = X509Certificate2.CreateFromPem(_authority.Pem.Certificate), ServiceAccountKey = _accountKey,
            ServiceCidr = IPNetwork.Parse("10.96.0.0/16"), Advertise = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 6443),
            KubeletClientCertificate = Issue("podnet-apiserver", "system:masters"), InFlight = InFlight,
            Audit = AuditPolicy is { } policy ? (policy, AuditPath) : null,
        }, Around(_store), TimeProvider.System, NullLoggerFactory.Instance);
        await _host.StartAsync();
        var admin = _authority.Issue(new CertificateRequestSpec("admin") { Organizations = ["system:masters"], Client = true });
        await File.WriteAllTextAsync(KubeconfigPath, Kubeconfig.Render("test", "admin", Url, _authority.Pem.Certificate, admin));
    }

    public async ValueTask DisposeAsync()
    {
        await _host!.StopAsync();
        await _host.DisposeAsync();
        await _store!.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_directory, true);
    }

    public X509Certificate2 Issue(string name, params string[] groups) =>
        _authority.Issue(new CertificateRequestSpec(name) { Organizations = groups, Client = true }).Load();

    public X509Certificate2 IssueServing(params string[] names) =>
        _authority.Issue(new CertificateRequestSpec("server") { Server = true, AlternativeNames = names }).Load();

    /// <summary>A client with this certificate; null is anonymous.</summary>
    public HttpClient Client(X509Certificate2? certificate)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        if (certificate is not null)
            handler.SslOptions.ClientCertificates = [certificate];
        return new HttpClient(handler) { BaseAddress = Url };
    }

    /// <summary>The audit events written so far, whole lines only.</summary>
    public IReadOnlyList<string> AuditLines()
    {
        using var file = new StreamReader(new FileStream(AuditPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. file.ReadToEnd().Split('\n')[..^1]];
    }

    public HttpClient Admin() => Client(Issue("admin", "system:masters"));

    /// <summary>Runs the real kubectl; a failure throws with its words.</summary>
    public string Kubectl(params string[] arguments) => Run(arguments).OrThrow("kubectl " + string.Join(' ', arguments)).Output;

    /// <summary>Runs the real kubectl and returns how it ended.</summary>
    public CommandResult Run(params string[] arguments) => Command.RunAsync(new ChildSpec("kubectl",
        ["--kubeconfig", KubeconfigPath, "--cache-dir", Path.Combine(_directory, "cache"), .. arguments])).GetAwaiter().GetResult();

    /// <summary>Writes a manifest and returns its path.</summary>
    public string Manifest(string text)
    {
        var path = Path.Combine(_directory, Guid.NewGuid().ToString("N") + ".yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
