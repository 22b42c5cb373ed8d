using Network.Labs.Topology;
using Xunit;

namespace Network.Overlay.Tests.Labs;

public sealed class TopologyFileTests
{
    [Fact]
    public void File_says_as_little_as_it_wants()
    {
        var topology = TopologyFile.Parse("t.yaml", """
            nodes:
              - {name: cp, role: server}
              - name: w1
            links:
              - name: lan
                ends: [cp, w1]
            """);

        Assert.Equal("podnet", topology.Name);
        Assert.Equal("cp", topology.Server.Name);
        Assert.Equal(["w1"], topology.Agents.Select(node => node.Name));
        var link = Assert.Single(topology.Links);
        Assert.Equal(("lan", "172.30.0.0/24", 1500), (link.Name, link.Subnet.ToString(), link.Mtu));
        Assert.Equal((LabTopology.DefaultPodCidr, LabTopology.DefaultServiceCidr), (topology.PodCidr, topology.ServiceCidr));
    }

    [Fact]
    public void File_may_say_everything()
    {
        var topology = TopologyFile.Parse("t.yaml", """
            name: two-sites
            podCIDR: 10.50.0.0/16
            serviceCIDR: 10.51.0.0/20
            nodes:
              - {name: cp, role: server}
              - {name: w1, role: agent, podCIDR: 10.50.7.0/24}
            routers: [r1]
            links:
              - {name: a, subnet: 192.168.1.0/30, mtu: 9000, ends: [cp, r1]}
              - {name: b, mtu: 576, ends: [r1, w1]}
            """);

        Assert.Equal(("two-sites", "10.50.0.0/16", "10.51.0.0/20"), (topology.Name, topology.PodCidr.ToString(), topology.ServiceCidr.ToString()));
        Assert.Equal("10.50.7.0/24", topology.Nodes[1].PodCidr!.Value.ToString());
        Assert.Equal(["192.168.1.0/30 9000 cp r1", "172.30.1.0/24 576 r1 w1"], topology.Links.Select(link => $"{link.Subnet} {link.Mtu} {string.Join(' ', link.Ends)}"));
    }

    [Fact]
    public void Flat_topology_is_what_the_same_file_would_be()
    {
        var flat = LabTopology.Flat("podnet", 2);
        var file = TopologyFile.Parse("t.yaml", """
            nodes: [{name: cp, role: server}, {name: w1}, {name: w2}]
            links: [{name: lan, ends: [cp, w1, w2]}]
            """);

        Assert.Equal(file.Nodes, flat.Nodes);
        Assert.Equal(file.Links.Select(link => $"{link.Name} {link.Subnet} {link.Mtu} {string.Join(' ', link.Ends)}"),
            flat.Links.Select(link => $"{link.Name} {link.Subnet} {link.Mtu} {string.Join(' ', link.Ends)}"));
    }

    [Theory]
    [InlineData("", 1, "not a topology", "write a mapping with nodes and links")]
    [InlineData("- a", 1, "not a topology", "write a mapping")]
    [InlineData("nodes: []\n---\nnodes: []", 1, "not a topology", "write a mapping")]
    [InlineData("name: t\nnodes: a: b", 2, "not valid YAML", "correct the syntax")]
    [InlineData("name: a\nname: b", 2, "not valid YAML", "correct the syntax")]
    [InlineData("nodes: w1", 1, "nodes is not a list", "one item a line")]
    [InlineData("nodes:\n  - w1", 2, "node is not a mapping", "write name: value lines")]
    [InlineData("name: [a]", 1, "name is not a plain value", "write a single word")]
    [InlineData("nodes:\n  - {name: cp, role: server}\nlink: []", 3, "topology: unknown field \"link\"", "known fields are name, podCIDR, serviceCIDR, nodes, routers, links")]
    [InlineData("nodes:\n  - name: cp\n    rol: server", 3, "node: unknown field \"rol\"", "known fields are name, role, podCIDR")]
    [InlineData("nodes:\n  - {name: cp, role: master}", 2, "node cp: role \"master\" is unknown", "use server or agent")]
    [InlineData("nodes:\n  - {role: server}", 2, "node: name is missing", "add name:")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: cp}", 3, "name cp is used twice", "give every node and router its own name")]
    [InlineData("nodes:\n  - {name: cp, role: server}\nrouters:\n  - cp", 4, "name cp is used twice", "give every node and router its own name")]
    [InlineData("nodes:\n  - {name: Control}", 2, "name \"Control\" is not usable", "1 to 10 lower-case letters")]
    [InlineData("nodes:\n  - {name: elevenchars}", 2, "name \"elevenchars\" is not usable", "1 to 10 lower-case letters")]
    [InlineData("nodes:\n  - {name: w1-}", 2, "name \"w1-\" is not usable", "1 to 10 lower-case letters")]
    [InlineData("nodes:\n  - {name: ''}", 2, "name \"\" is not usable", "1 to 10 lower-case letters")]
    [InlineData("name: ../t\nnodes: [{name: cp, role: server}, {name: w1}]\nlinks: [{name: lan, ends: [cp, w1]}]", 1, "name \"../t\" is not usable", "1 to 24 lower-case letters")]
    [InlineData("podCIDR: 10.0.0.1/8", 1, "podCIDR \"10.0.0.1/8\" is not an IPv4 range", "host bits zero")]
    [InlineData("serviceCIDR: fd00::/64", 1, "serviceCIDR \"fd00::/64\" is not an IPv4 range", "address/prefix")]
    public void Refusal_says_line_problem_and_fix(string text, int line, string problem, string fix) => Refused(text, line, problem, fix);

    [Theory]
    [InlineData("{ends: [cp, w1]}", 5, "link: name is missing", "add name:")]
    [InlineData("{name: lan, ends: [cp, w1], speed: 1}", 5, "link: unknown field \"speed\"", "known fields are name, subnet, mtu, ends")]
    [InlineData("{name: lan, mtu: 575, ends: [cp, w1]}", 5, "link lan: mtu 575 is out of range", "use 576")]
    [InlineData("{name: lan, mtu: 65536, ends: [cp, w1]}", 5, "link lan: mtu 65536 is out of range", "to 65535")]
    [InlineData("{name: lan, mtu: big, ends: [cp, w1]}", 5, "link lan: mtu big is out of range", "use 576")]
    [InlineData("{name: lan, ends: [cp, w2]}", 5, "link lan: end \"w2\" is no node or router", "declare it under nodes or routers")]
    [InlineData("{name: lan, ends: [cp, cp]}", 5, "link lan: end \"cp\" is listed twice", "list each machine once")]
    [InlineData("{name: lan, ends: [cp]}", 5, "link lan: has 1 ends", "list at least two machines")]
    [InlineData("{name: lan}", 5, "link lan: has 0 ends", "list at least two machines")]
    [InlineData("{name: lan, subnet: 10.0.0.0/31, ends: [cp, w1]}", 5, "link lan: subnet 10.0.0.0/31 is too small for 2 ends", "use a shorter prefix")]
    [InlineData("{name: lan, subnet: 10.0.0.0/32, ends: [cp, w1]}", 5, "link lan: subnet 10.0.0.0/32 is too small for 2 ends", "use a shorter prefix")]
    [InlineData("{name: lan, subnet: 10.244.3.0/24, ends: [cp, w1]}", 5, "link lan subnet 10.244.3.0/24 overlaps podCIDR 10.244.0.0/16", "choose ranges that do not overlap")]
    [InlineData("{name: lan, subnet: 10.0.0.0/8, ends: [cp, w1]}", 5, "link lan subnet 10.0.0.0/8 overlaps podCIDR", "choose ranges that do not overlap")]
    [InlineData("{name: lan, subnet: 10.96.0.0/24, ends: [cp, w1]}", 5, "link lan subnet 10.96.0.0/24 overlaps serviceCIDR 10.96.0.0/16", "choose ranges that do not overlap")]
    [InlineData("{name: lan, ends: [cp, w1]}\n  - {name: lan, ends: [cp, w1]}", 6, "link name lan is used twice", "give every link its own name")]
    [InlineData("{name: lan, ends: [cp, w1]}\n  - {name: two, subnet: 172.30.0.128/25, ends: [cp, w1]}", 6, "link two subnet 172.30.0.128/25 overlaps link lan subnet 172.30.0.0/24", "choose ranges")]
    public void Link_that_cannot_work_is_refused(string link, int line, string problem, string fix) =>
        Refused($"nodes:\n  - {{name: cp, role: server}}\n  - {{name: w1}}\nlinks:\n  - {link}", line, problem, fix);

    [Theory]
    [InlineData("nodes:\n  - {name: cp}\n  - {name: w1}\nlinks: [{name: lan, ends: [cp, w1]}]", 1, "exactly one node with role server", "give one node role: server")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1, role: server}\nlinks: [{name: lan, ends: [cp, w1]}]", 1, "exactly one node with role server", "give one node role: server")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1}\n  - {name: w2}\nlinks: [{name: lan, ends: [cp, w1]}]", 4, "node w2: is on no link", "add it to the ends of a link")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1}\nrouters:\n  - r1\nlinks: [{name: lan, ends: [cp, w1]}]", 5, "router r1: is on no link", "add it to the ends of a link")]
    [InlineData("podCIDR: 10.0.0.0/8\nserviceCIDR: 10.1.0.0/16\nnodes: [{name: cp, role: server}, {name: w1}]\nlinks: [{name: lan, ends: [cp, w1]}]", 2, "serviceCIDR 10.1.0.0/16 overlaps podCIDR 10.0.0.0/8", "choose ranges")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1, podCIDR: 10.244.1.0/24}\n  - {name: w2, podCIDR: 10.244.1.128/25}\nlinks: [{name: lan, ends: [cp, w1, w2]}]", 4,
        "node w2 podCIDR 10.244.1.128/25 overlaps node w1 podCIDR 10.244.1.0/24", "choose ranges")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1, podCIDR: 10.9.1.0/24}\nlinks: [{name: lan, ends: [cp, w1]}]", 3, "node w1 podCIDR 10.9.1.0/24 is not within podCIDR 10.244.0.0/16", "choose a part")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1, podCIDR: 10.244.0.0/16}\nlinks: [{name: lan, ends: [cp, w1]}]", 3, "node w1 podCIDR 10.244.0.0/16 is not within podCIDR", "choose a part")]
    [InlineData("nodes:\n  - {name: cp, role: server}\nrouters: [r1]\nlinks: [{name: lan, ends: [cp, r1]}]", 2, "no node runs pods", "add a node with role agent")]
    [InlineData("nodes:\n  - {name: cp, role: server}\n  - {name: w1}\n  - {name: w2}\nlinks:\n  - {name: a, ends: [cp, w1]}\n  - {name: b, ends: [w1, w2]}", 4, "node w2: no way leads to the server cp", "by links and routers")]
    [InlineData("podCIDR: 10.9.0.0/23\nnodes: [{name: cp, role: server}, {name: w1}, {name: w2}, {name: w3}]\nlinks: [{name: lan, ends: [cp, w1, w2, w3]}]", 1, "too small for 3 nodes", "use a shorter prefix")]
    [InlineData("serviceCIDR: 224.1.0.0/16\nnodes: [{name: cp, role: server}, {name: w1}]\nlinks: [{name: lan, ends: [cp, w1]}]", 1, "is for multicast", "RFC 1918")]
    public void Topology_that_cannot_work_as_a_whole_is_refused(string text, int line, string problem, string fix) => Refused(text, line, problem, fix);

    [Fact]
    public void Any_text_is_read_or_refused_and_nothing_else()
    {
        const string good = "name: t\npodCIDR: 10.244.0.0/16\nnodes:\n  - {name: cp, role: server}\n  - {name: w1}\nrouters: [r1]\nlinks:\n  - {name: a, mtu: 1400, ends: [cp, r1]}\n  - {name: b, subnet: 192.168.0.0/24, ends: [r1, w1]}\n";
        var random = new Random(576);
        for (var round = 0; round < 3000; round++)
        {
            var text = good.ToCharArray();
            for (var i = random.Next(1, 4); i > 0; i--)
                text[random.Next(text.Length)] = random.GetItems("{}[]:,-&*!|>'\"%@`#? \n\t0a/.".AsSpan(), 1)[0];
            var mutated = new string(text)[..random.Next(good.Length / 2, good.Length)];
            if (Record.Exception(() => TopologyFile.Parse("t.yaml", mutated)) is { } e and not TopologyException)
                Assert.Fail($"{e}\nfor\n{mutated}");
        }
    }

    private static void Refused(string text, int line, string problem, string fix)
    {
        var refusal = Assert.Throws<TopologyException>(() => TopologyFile.Parse("lab/t.yaml", text));

        Assert.StartsWith($"lab/t.yaml:{line}: ", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refusal.Message);
        Assert.Contains(fix, refusal.Message);
        Assert.Equal(line, refusal.Line);
    }
}
