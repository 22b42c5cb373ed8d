using Network.Linux;
using Xunit;

namespace Network.Overlay.Tests.Linux;

public sealed class InterfaceNameTests
{
    [Fact]
    public void Short_names_stay_as_they_are()
    {
        Assert.Equal("w1-vx", InterfaceName.Of("w1", "vx"));
        Assert.Equal("twelve-chars-vx", InterfaceName.Of("twelve-chars", "vx"));
        Assert.Equal("fifteen-letters", InterfaceName.Fit("fifteen-letters"));
    }

    [Fact]
    public void Long_names_fit_and_differ_where_only_their_ends_differ()
    {
        string[] owners = ["ip-10-0-113-28.example", "ip-10-0-113-29.example", "ip-10-0-113-2"];
        var names = owners.SelectMany(owner => new[] { InterfaceName.Of(owner, "vx"), InterfaceName.Of(owner, "br"), InterfaceName.Fit(owner + ".lan-segment") }).ToList();

        Assert.All(names, name => Assert.InRange(name.Length, 1, InterfaceName.Longest));
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.EndsWith("-vx", names[0]);
    }
}
