using System.Net;
using k8s.Models;
using Network.Controllers.LoadBalancers;
using Network.ControlPlane.Tests.Client;
using Xunit;

namespace Network.ControlPlane.Tests.Controllers;

public sealed class AddressPoolTests
{
    [Theory]
    [InlineData("192.0.2.10-192.0.2.11", "", "192.0.2.10")]
    [InlineData("192.0.2.10-192.0.2.11", "192.0.2.10", "192.0.2.11")]
    [InlineData("192.0.2.10-192.0.2.11", "192.0.2.10 192.0.2.11", null)]
    [InlineData("192.0.2.8/31 192.0.2.20", "192.0.2.8 192.0.2.9", "192.0.2.20")]
    [InlineData("255.255.255.254/31", "255.255.255.254 255.255.255.255", null)]
    [InlineData("2001:db8::ffff-2001:db8::1:1", "2001:db8::ffff", "2001:db8::1:0")]
    public void Next_is_the_lowest_that_is_free(string pool, string taken, string? expected) => Assert.Equal(expected,
        AddressPool.Parse(pool.Split(' ')).Next(taken.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse).ToHashSet())?.ToString());

    [Theory]
    [InlineData("192.0.2.11-192.0.2.10")]
    [InlineData("192.0.2.10-2001:db8::1")]
    [InlineData("192.0.2.0/33")]
    [InlineData("192.0.2.5/24")]
    [InlineData("some")]
    public void What_is_no_range_is_refused_by_its_name(string text) => Assert.Contains($"\"{text}\"", Assert.Throws<ArgumentException>(() => AddressPool.Parse([text])).Message);

    [Theory]
    [InlineData("192.0.2.9", false)]
    [InlineData("192.0.2.10", true)]
    [InlineData("192.0.2.11", true)]
    [InlineData("192.0.2.12", false)]
    [InlineData("::c000:20a", false)]
    public void Contains_both_ends_of_its_own_family(string address, bool expected) => Assert.Equal(expected, AddressPool.Parse(["192.0.2.10-192.0.2.11"]).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("{type: LoadBalancer}", true)]
    [InlineData("{type: LoadBalancer, loadBalancerClass: podnet.io/announcer}", true)]
    [InlineData("{type: LoadBalancer, loadBalancerClass: example.com/other}", false)]
    [InlineData("{type: NodePort}", false)]
    [InlineData("{type: ClusterIP}", false)]
    public void Services_of_other_types_and_classes_are_not_ours(string spec, bool expected) =>
        Assert.Equal(expected, BalancerRequest.IsOurs(Yaml.To<V1Service>($"{{metadata: {{name: s}}, spec: {spec}}}")));

    [Theory]
    [InlineData("{}", "{}", null)]
    [InlineData("{}", "{loadBalancerIP: 192.0.2.1}", "192.0.2.1")]
    [InlineData("{podnet.io/load-balancer-ip: 192.0.2.2}", "{loadBalancerIP: 192.0.2.1}", "192.0.2.2")]
    [InlineData("{metallb.io/loadBalancerIPs: 192.0.2.3}", "{}", "192.0.2.3")]
    public void Annotations_ask_before_the_field(string annotations, string spec, string? expected) =>
        Assert.Equal(expected, BalancerRequest.Of(Yaml.To<V1Service>($"{{metadata: {{name: s, annotations: {annotations}}}, spec: {spec}}}")));
}
