using System.Net;
using Network.ServiceProxy.Choice;
using Network.ServiceProxy.Model;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

public sealed class EndpointChoiceTests
{
    [Theory]
    // Endpoint: number, then r(eady) s(erving) t(erminating), L when on this node.
    [InlineData("1rs 2rs", "1 2", "", true)]
    [InlineData("1rs 2", "1", "", true)]
    [InlineData("1rs 2st", "1", "", true)]
    [InlineData("1st 2t", "1", "", true)]
    [InlineData("1 2t", "", "", false)]
    [InlineData("1s", "", "", false)]
    [InlineData("", "", "", false)]
    [InlineData("1rsL 2rs", "1 2", "1", true)]
    [InlineData("1stL 2rs", "2", "1", true)]
    [InlineData("1stL 2rsL", "2", "2", true)]
    [InlineData("1L 2rs", "2", "", true)]
    [InlineData("1stL 2st", "1 2", "1", true)]
    public void Local_and_cluster_fall_back_to_terminating_endpoints_each_on_its_own(string endpoints, string cluster, string local, bool any)
    {
        foreach (var (inside, outside) in new[] { (TrafficPolicy.Local, TrafficPolicy.Cluster), (TrafficPolicy.Cluster, TrafficPolicy.Local) })
        {
            var choice = EndpointChoice.For(Service(endpoints) with { InternalPolicy = inside, ExternalPolicy = outside, NodePort = 30080 });

            Assert.Equal(cluster, Numbers(choice.Cluster));
            Assert.Equal(local, Numbers(choice.Local));
            Assert.Equal(any, choice.HasAny);
        }
    }

    [Fact]
    public void Local_set_is_empty_when_no_policy_asks_for_it() => Assert.Empty(EndpointChoice.For(Service("1rsL")).Local);

    [Theory]
    // As above; then N(ode) and Z(one) hints, + for ours and - for another's.
    [InlineData("1rsN+ 2rsN-", "1")]
    [InlineData("1rsN- 2rsN-", "1 2")]
    [InlineData("1rsN+ 2rs", "1 2")]
    [InlineData("1rsZ+ 2rsZ- 3rsZ+", "1 3")]
    [InlineData("1rsZ- 2rsZ-", "1 2")]
    [InlineData("1rsN-Z+ 2rsN-Z-", "1")]
    [InlineData("1rsN+Z- 2rsN-Z+", "1")]
    [InlineData("1rsZ+ 2Z- 3", "1")]
    [InlineData("1stZ+ 2stZ-", "1 2")]
    public void Hints_count_when_every_ready_endpoint_has_one_and_somebody_is_near(string endpoints, string cluster)
    {
        var choice = EndpointChoice.For(Service(endpoints));

        Assert.Equal(cluster, Numbers(choice.Cluster));
        Assert.True(choice.HasAny);
    }

    [Fact]
    public void Local_set_does_not_follow_hints() =>
        Assert.Equal("2", Numbers(EndpointChoice.For(Service("1rsN+ 2rsLN-") with { InternalPolicy = TrafficPolicy.Local }).Local));

    private static TopologyHint Hint(string text, char kind) =>
        text.Contains($"{kind}+") ? TopologyHint.Here : text.Contains($"{kind}-") ? TopologyHint.Elsewhere : TopologyHint.None;

    private static ServicePort Service(string endpoints) => new("ns", "s", "p", TransportProtocol.Tcp)
    {
        Endpoints = endpoints.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => new ServiceEndpoint(IPAddress.Parse($"10.0.0.{text[0]}"), 80)
        {
            Ready = text.Contains('r'),
            Serving = text.Contains('s'),
            Terminating = text.Contains('t'),
            IsLocal = text.Contains('L'),
            Node = Hint(text, 'N'),
            Zone = Hint(text, 'Z'),
        }).ToList(),
    };

    private static string Numbers(IEnumerable<ServiceEndpoint> endpoints) =>
        string.Join(' ', endpoints.Select(endpoint => endpoint.Address.GetAddressBytes()[3]));
}
