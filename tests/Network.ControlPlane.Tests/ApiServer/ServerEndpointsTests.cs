using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Api.Pki;
using Network.ApiServer;
using Network.Store;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Servers that share one store in this process: who joins and leaves in good order.</summary>
public sealed class ServerEndpointsTests : IAsyncLifetime
{
    private readonly MemoryStore _store = new(new StoreSettings(), TimeProvider.System);
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("podnet-test", TimeProvider.System);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _authority.Dispose();
        _key.Dispose();
    }

    [Fact]
    public async Task A_server_that_stops_leaves_at_once_and_the_last_one_stays()
    {
        await using var first = await StartAsync("192.0.2.1:6443");
        await using var second = await StartAsync("192.0.2.2:6443");
        await Eventually.TrueAsync(() => Addresses() == "192.0.2.1,192.0.2.2", TimeSpan.FromSeconds(10), Addresses);
        await first.StopAsync();
        Assert.Equal("192.0.2.2", Addresses());
        await second.StopAsync();
        Assert.Equal("192.0.2.2", Addresses());
    }

    [Fact]
    public async Task Servers_on_other_ports_have_slices_of_their_own()
    {
        await using var first = await StartAsync("192.0.2.1:6443");
        await using var second = await StartAsync("192.0.2.2:7443");
        await using var third = await StartAsync("[2001:db8::1]:7443");
        await Eventually.TrueAsync(() => Slices() == "kubernetes kubernetes-7443 kubernetes-7443-ipv6", TimeSpan.FromSeconds(10), Slices);
        Assert.Equal([6443, 7443], Read("/registry/endpoints/default/kubernetes")["subsets"]!.AsArray().Select(subset => (int)subset!["ports"]![0]!["port"]!));
        await second.StopAsync();
        await third.StopAsync();
        Assert.Equal("kubernetes", Slices());
        await first.StopAsync();
    }

    private string Addresses() => string.Join(',', Read("/registry/endpoints/default/kubernetes")["subsets"]!.AsArray()
        .SelectMany(subset => subset!["addresses"]!.AsArray()).Select(address => (string)address!["ip"]!));

    private string Slices() => string.Join(' ', _store.List("/registry/discovery.k8s.io/endpointslices/default/").Entries.Select(entry => entry.Key[(entry.Key.LastIndexOf('/') + 1)..]));

    private JsonNode Read(string key) => JsonNode.Parse(_store.Get(key)!.Value.Span)!;

    private async Task<ApiServerHost> StartAsync(string advertised)
    {
        var host = new ApiServerHost(new ApiServerSettings
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)], Advertise = IPEndPoint.Parse(advertised), ServiceCidr = IPNetwork.Parse("10.96.0.0/16"),
            ServingCertificate = _authority.Issue(new CertificateRequestSpec("apiserver") { Server = true, AlternativeNames = ["127.0.0.1"] }).Load(),
            ClientCa = X509Certificate2.CreateFromPem(_authority.Pem.Certificate), ServiceAccountKey = _key,
        }, _store, TimeProvider.System, NullLoggerFactory.Instance);
        await host.StartAsync();
        return host;
    }
}
