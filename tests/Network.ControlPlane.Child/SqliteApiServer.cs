using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Api.Pki;
using Network.ApiServer;
using Network.Store;

namespace Network.ControlPlane.Child;

/// <summary>An API server on a store file, as podnet server runs it.</summary>
internal static class SqliteApiServer
{
    internal static async Task<int> RunAsync(string directory, int port)
    {
        var pki = ClusterPki.Open(Path.Combine(directory, "pki"), TimeProvider.System);
        var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(pki.ServiceAccountKeyFile));
        await using var store = new SqliteStore(Path.Combine(directory, "store.db"), new StoreSettings(), TimeProvider.System);
        await using var server = new ApiServerHost(new ApiServerSettings
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, port)],
            ServingCertificate = pki.ApiServer([IPAddress.Loopback], "cluster.local").Load(),
            ClientCa = X509Certificate2.CreateFromPem(pki.AuthorityCertificate),
            ServiceAccountKey = key,
            ServiceCidr = IPNetwork.Parse("10.96.0.0/16"),
        }, store, TimeProvider.System, NullLoggerFactory.Instance);
        await server.StartAsync();
        await Task.Delay(Timeout.Infinite);
        return 0;
    }
}
