using Network.Labs.Cluster;
using Xunit;

namespace Network.Overlay.Tests.Labs;

public sealed class ClusterPathsTests
{
    // Such a name would be a path, and down removes what is there.
    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../images")]
    [InlineData("/tmp")]
    [InlineData("a b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("A")]
    [InlineData("a-name-that-is-far-too-long")]
    public void Name_that_is_no_name_is_refused(string name) =>
        Assert.Contains("lower-case letters", Assert.Throws<ClusterException>(() => new ClusterPaths(name)).Message);

    [Theory]
    [InlineData("podnet")]
    [InlineData("e2f3a1")]
    [InlineData("a-name-of-24-characters-")]
    public void Name_of_letters_digits_and_inner_dashes_is_one(string name) => Assert.Equal($"/var/lib/podnet/clusters/{name.TrimEnd('-')}", new ClusterPaths(name.TrimEnd('-')).Directory);

    [Theory]
    [InlineData("mtu-cp", true)]
    [InlineData("mtu-fabric", true)]
    [InlineData("mtu-black-cp", true)]
    [InlineData("mtu-hole-cp", false)]
    [InlineData("mtu-hole-fabric", false)]
    [InlineData("mtux-cp", false)]
    public void Namespace_of_a_cluster_whose_name_begins_with_this_ones_is_not_its_own(string netNs, bool own) =>
        Assert.Equal(own, new ClusterPaths("mtu").Owns(netNs, ["mtu", "mtu-hole", "other"]));
}
