using Network.Iptables;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

public sealed class IptablesRestoreTests : IDisposable
{
    private static readonly IptablesRule s_rule = IptablesRule.New.Source("10.0.0.0/8").Destination("!224.0.0.0/4")
        .Match("comment", "--comment", "why \"this\" is").Jump("MASQUERADE", "--random-fully");

    private readonly ScratchNetNs _ns = Scratch();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _ns.Dispose();

    [Theory]
    [InlineData(IptablesVariant.Nft)]
    [InlineData(IptablesVariant.Legacy)]
    public async Task Rules_we_write_are_read_back_word_for_word_and_found_by_detection(IptablesVariant variant)
    {
        Requires.Tool(variant == IptablesVariant.Nft ? "iptables-nft" : "iptables-legacy");
        var iptables = IptablesRestore.Of(IptablesFamily.V4, variant, _ns.Name);
        await iptables.ApplyAsync(new IptablesTransaction().Chain("nat", "PODNET-X").Append("nat", "PODNET-X", s_rule), Cancel);

        Assert.Equal([s_rule.ToString()], (await iptables.SaveAsync("nat", Cancel)).Rules("nat", "PODNET-X"));
        Assert.Equal(variant, (await IptablesRestore.DetectAsync(IptablesFamily.V4, _ns.Name, Cancel)).Variant);
    }

    [Fact]
    public async Task Own_chain_is_replaced_whole_and_foreign_chains_stay()
    {
        var iptables = IptablesRestore.Of(IptablesFamily.V6, netNs: _ns.Name);
        _ns.Exec("ip6tables", "-N", "FOREIGN");
        _ns.Exec("ip6tables", "-A", "FOREIGN", "-j", "ACCEPT");
        var old = IptablesRule.New.Source("fd00::/8").Jump("DROP");
        var current = IptablesRule.New.Source("fd01::/16").Jump("DROP");
        await iptables.ApplyAsync(new IptablesTransaction().Chain("filter", "OWN").Append("filter", "OWN", old), Cancel);
        await iptables.ApplyAsync(new IptablesTransaction().Chain("filter", "OWN").Append("filter", "OWN", current), Cancel);

        var saved = await iptables.SaveAsync(cancel: Cancel);
        Assert.Equal([current.ToString()], saved.Rules("filter", "OWN"));
        Assert.Equal(["-j ACCEPT"], saved.Rules("filter", "FOREIGN"));
    }

    [Fact]
    public async Task Refusal_changes_nothing_and_quotes_the_line()
    {
        var iptables = IptablesRestore.Of(IptablesFamily.V4, netNs: _ns.Name);
        var bad = new IptablesTransaction().Chain("filter", "OWN")
            .Append("filter", "OWN", IptablesRule.New.Jump("ACCEPT"))
            .Append("filter", "OWN", IptablesRule.New.Source("not-an-address/99").Jump("ACCEPT"));

        var error = await Assert.ThrowsAsync<IptablesException>(() => iptables.ApplyAsync(bad, Cancel));

        Assert.Contains("-s not-an-address/99", error.Message);
        Assert.False((await iptables.SaveAsync(cancel: Cancel)).HasChain("filter", "OWN"));
    }

    private static ScratchNetNs Scratch()
    {
        Requires.Root();
        Requires.Tool("iptables");
        return new ScratchNetNs("iptables");
    }
}
