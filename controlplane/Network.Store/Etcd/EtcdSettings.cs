namespace Network.Store.Etcd;

/// <summary>Where an etcd cluster is and how this server proves who it is.</summary>
public sealed record EtcdSettings(IReadOnlyList<Uri> Endpoints)
{
    /// <summary>PEM file of the authority that signed etcd's certificate; null trusts the system's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>PEM files of this server's client certificate and key; null shows none.</summary>
    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>What this store holds of etcd's keys; others are neither read nor written.</summary>
    public string Prefix { get; init; } = "/registry/";

    /// <exception cref="ArgumentException">An endpoint or the pair of files is wrong.</exception>
    public static EtcdSettings Parse(IEnumerable<string> endpoints, string? authorityFile, string? certificateFile, string? keyFile)
    {
        var parsed = endpoints.SelectMany(text => text.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(Endpoint).ToList();
        if (certificateFile is null != keyFile is null)
            throw new ArgumentException("--etcd-certfile and --etcd-keyfile: give both or none");
        return new EtcdSettings(parsed) { AuthorityFile = authorityFile, CertificateFile = certificateFile, KeyFile = keyFile };
    }

    private static Uri Endpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.AbsolutePath == "/"
            ? uri
            : throw new ArgumentException($"--etcd \"{text}\": write http://host:port or https://host:port");
}
