using System.Net;
using Network.Dns.Plugins.Cluster;
using Xunit;

namespace Network.Dns.Tests.Cluster;

/// <summary>Kubernetes' own measure of scale: of 10,000 services 5 % are drawn and each has to resolve.</summary>
public sealed class ManyServicesTests
{
    private const int Services = 10_000, Sampled = Services / 20;

    [Theory]
    [InlineData("+notcp")]
    [InlineData("+tcp")]
    public async Task Of_10_000_services_each_of_the_5_percent_drawn_resolves(string transport)
    {
        await using var dns = new DnsServerFixture();
        dns.Index.PutNamespace("default");
        for (var i = 0; i < Services; i++)
            dns.Index.Put(new DnsService("default", $"many-{i}") { ClusterIps = [AddressOf(i)], Ports = [new DnsPort("http", "tcp", 80)] });
        var random = new Random(20_260_101);
        var sample = Enumerable.Range(0, Services).OrderBy(_ => random.Next()).Take(Sampled).ToList();
        var questions = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(questions, sample.Select(i => $"many-{i}.default.svc.cluster.local A"), TestContext.Current.CancellationToken);
            Assert.Equal(sample.Select(i => AddressOf(i).ToString()), dns.Dig(transport, "+short", "-f", questions).Split('\n'));
        }
        finally
        {
            File.Delete(questions);
        }
    }

    private static IPAddress AddressOf(int i) => new([10, 96, (byte)(1 + (i / 250)), (byte)(1 + (i % 250))]);
}
