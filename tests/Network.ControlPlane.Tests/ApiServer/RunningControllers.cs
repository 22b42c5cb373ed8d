using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Client;
using Network.Controllers;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>The real controllers against a fixture's API server, over HTTPS like anybody, until disposed.</summary>
internal sealed class RunningControllers : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ApiClient _client;
    private readonly Task _running;

    public RunningControllers(ApiServerFixture server)
    {
        _client = new ApiClient(new ApiEndpoint(server.Url)
        {
            Authorities = [X509Certificate2.CreateFromPem(server.Authority.Pem.Certificate)], ClientCertificate = server.Issue("system:kube-controller-manager"),
        });
        var settings = new ControllerSettings
        {
            ClusterCidr = IPNetwork.Parse("10.244.0.0/16"), RootCertificate = server.Authority.Pem.Certificate + "\n", Signer = server.Authority, ServiceAccountKey = server.AccountKey,
        };
        _running = new ControllersService(_client, settings, TimeProvider.System, NullLoggerFactory.Instance).RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }

        _client.Dispose();
        _stop.Dispose();
    }
}
