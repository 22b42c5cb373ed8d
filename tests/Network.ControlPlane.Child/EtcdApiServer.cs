using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Api.Pki;
using Network.ApiServer;
using Network.Store;
using Network.Store.Etcd;

namespace Network.ControlPlane.Child;

/// <summary>One API server of several on the same etcd.</summary>
internal static class EtcdApiServer
{
    internal static async Task<int> RunAsync(Uri etcd, string pkiDirectory, int port, IPEndPoint advertised)
    {
        var pki = ClusterPki.Open(pkiDirectory, TimeProvider.System);
        var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(pki.ServiceAccountKeyFile));
        await using var store = await OpenAsync(etcd);
        await using var server = new ApiServerHost(new ApiServerSettings
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, port)],
            ServingCertificate = pki.ApiServer([IPAddress.Loopback], "cluster.local").Load(),
            ClientCa = X509Certificate2.CreateFromPem(pki.AuthorityCertificate),
            ServiceAccountKey = key,
            // Small, so that servers meet at the same addresses.
            ServiceCidr = IPNetwork.Parse("10.96.0.0/25"),
            Advertise = advertised,
        }, store, TimeProvider.System, NullLoggerFactory.Instance);
        await server.StartAsync();
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    // A busy machine's etcd may not answer at first; the product's server is started again by its runner.
    private static async Task<EtcdStore> OpenAsync(Uri etcd)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await EtcdStore.OpenAsync(new EtcdSettings([etcd]), new StoreSettings(), TimeProvider.System, NullLogger.Instance, CancellationToken.None);
            }
            catch (IOException) when (attempt < 10)
            {
                await Console.Out.WriteLineAsync($"etcd did not answer, attempt {attempt}");
            }
        }
    }
}
