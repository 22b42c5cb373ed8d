using Network.EndToEnd.Tests.Cluster;
using Network.Linux;
using Xunit;

namespace Network.EndToEnd.Tests;

/// <summary>Broken topology files as somebody meets them: <c>podnet up</c> ends with 1, file, line, problem and fix, and builds nothing.</summary>
public sealed class TopologyRefusalTests
{
    private const string Head = "name: refused\nnodes:\n- {name: cp, role: server}\n- {name: w1}\n";
    private const string Good = Head + "links:\n- {name: lan, ends: [cp, w1]}\n";

    public static TheoryData<string, int, string, string> Broken => new()
    {
        { "", 1, "not a topology", "write a mapping with nodes and links" },
        { "- cp\n- w1\n", 1, "not a topology", "write a mapping with nodes and links" },
        { "name: refused\nnodes: [{name: cp\n", 3, "not valid YAML", "correct the syntax" },
        { "name: refused\nnodes: cp\n", 2, "nodes is not a list", "one item a line" },
        { "nodes:\n- cp\n", 2, "node is not a mapping", "write name: value lines" },
        { Head + "link: []\n", 5, "unknown field \"link\"", "known fields are" },
        { "nodes:\n- {name: cp, roles: server}\n", 2, "unknown field \"roles\"", "known fields are" },
        { "nodes:\n- {name: cp, role: master}\n", 2, "role \"master\" is unknown", "use server or agent" },
        { "nodes:\n- {role: server}\n", 2, "name is missing", "add name:" },
        { "nodes:\n- {name: cp, role: server}\n- {name: cp}\n", 3, "name cp is used twice", "its own name" },
        { Head + "routers: [w1]\n", 5, "name w1 is used twice", "its own name" },
        { "nodes:\n- {name: Control_Plane}\n", 2, "is not usable", "lower-case letters" },
        { "podCIDR: 10.244.0.1/16\n" + Good, 1, "is not an IPv4 range", "host bits zero" },
        { "serviceCIDR: fd00::/112\n" + Good, 1, "is not an IPv4 range", "address/prefix" },
        { "podCIDR: 10.0.0.0/8\n" + Good, 1, "overlaps", "do not overlap" },
        { "podCIDR: 10.9.0.0/25\n" + Good, 1, "too small for 1 nodes", "shorter prefix" },
        { "podCIDR: 127.0.0.0/8\n" + Good, 1, "is for loopback", "RFC 1918" },
        { "serviceCIDR: 239.0.0.0/16\n" + Good, 1, "is for multicast", "RFC 1918" },
        { Head + "links:\n- {ends: [cp, w1]}\n", 6, "name is missing", "add name:" },
        { Head + "links:\n- {name: lan, ends: [cp, w1], speed: 10}\n", 6, "unknown field \"speed\"", "known fields are" },
        { Head + "links:\n- {name: lan, mtu: 500, ends: [cp, w1]}\n", 6, "mtu 500 is out of range", "use 576" },
        { Head + "links:\n- {name: lan, ends: [cp, w9]}\n", 6, "\"w9\" is no node or router", "declare it" },
        { Head + "links:\n- {name: lan, ends: [cp, cp]}\n", 6, "listed twice", "list each machine once" },
        { Head + "links:\n- {name: lan, ends: [cp]}\n", 6, "has 1 ends", "at least two machines" },
        { Head + "links:\n- {name: lan, subnet: 10.1.0.0/31, ends: [cp, w1]}\n", 6, "too small for 2 ends", "shorter prefix" },
        { Head + "links:\n- {name: lan, subnet: 10.96.4.0/24, ends: [cp, w1]}\n", 6, "overlaps serviceCIDR", "do not overlap" },
        { Head + "links:\n- {name: lan, subnet: 169.254.0.0/24, ends: [cp, w1]}\n", 6, "is for link-local", "RFC 1918" },
        { Head + "links:\n- {name: ../lan, ends: [cp, w1]}\n", 6, "link name \"../lan\" is not usable", "lower-case letters" },
        { Good + "- {name: lan, ends: [cp, w1]}\n", 7, "link name lan is used twice", "its own name" },
        { Good + "- {name: two, subnet: 172.30.0.128/25, ends: [cp, w1]}\n", 7, "overlaps link lan", "do not overlap" },
        { "name: refused\nnodes:\n- {name: cp}\n- {name: w1}\nlinks:\n- {name: lan, ends: [cp, w1]}\n", 1, "exactly one node with role server", "role: server" },
        { "name: refused\nnodes:\n- {name: cp, role: server}\nrouters: [r1]\nlinks:\n- {name: lan, ends: [cp, r1]}\n", 3, "no node runs pods", "role agent" },
        { Head + "- {name: w2}\nlinks:\n- {name: lan, ends: [cp, w1]}\n", 5, "node w2: is on no link", "ends of a link" },
        { Good + "routers:\n- r1\n", 8, "router r1: is on no link", "ends of a link" },
        { Head + "- {name: w2}\nlinks:\n- {name: lan, ends: [cp, w1]}\n- {name: far, ends: [w1, w2]}\n", 5, "node w2: no way leads to the server cp", "links and routers" },
        { Head + "- {name: w2, podCIDR: 10.9.0.0/24}\nlinks:\n- {name: lan, ends: [cp, w1, w2]}\n", 5, "is not within podCIDR", "a part of podCIDR" },
        { "name: ../refused\n" + Good["name: refused\n".Length..], 1, "name \"../refused\" is not usable", "lower-case letters" },
        { "name: a-name-that-is-much-too-long\n" + Good["name: refused\n".Length..], 1, "is not usable", "1 to 24" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task Broken_file_is_refused_with_line_and_fix_and_nothing_is_built(string text, int line, string problem, string fix)
    {
        var file = Path.Combine(Path.GetTempPath(), $"podnet-refused-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, text);
        try
        {
            var result = await Command.RunAsync(LabCluster.Podnet, "up", "--topology", file, "--api-port", LabCluster.FreePort().ToString());

            Assert.Equal((1, ""), (result.Exit.ShellCode, result.Output));
            Assert.StartsWith($"podnet: {file}:{line}: ", result.Error, StringComparison.Ordinal);
            Assert.Contains(problem, result.Error);
            Assert.Contains("; ", result.Error);
            Assert.Contains(fix, result.Error);
            Assert.False(Directory.Exists("/var/lib/podnet/clusters/refused"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task File_that_is_not_there_is_named()
    {
        var result = await Command.RunAsync(LabCluster.Podnet, "up", "--topology", "/nowhere/lab.yaml");

        Assert.Equal(1, result.Exit.ShellCode);
        Assert.Contains("/nowhere/lab.yaml", result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    // Such a name would be a path, and down removes what is there.
    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("../images")]
    [InlineData("/tmp")]
    [InlineData("a b")]
    public async Task Name_that_is_no_name_is_refused_before_anything_is_removed(string name)
    {
        var result = await Command.RunAsync(LabCluster.Podnet, "status", "--name", name);
        Assert.Equal(1, result.Exit.ShellCode);
        Assert.Contains("is not usable", result.Error);
    }
}
