using System.Reflection;
using Network.Diagnosis.Findings;
using Network.TestKit;
using Xunit;

namespace Network.Overlay.Tests.Diagnosis;

/// <summary>Numbers of findings are for ever, and each is explained.</summary>
public sealed class KindsTests
{
    [Fact]
    public void Every_kind_is_in_the_list_once()
    {
        var declared = typeof(Kinds).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => field.GetValue(null)).OfType<FindingKind>().ToList();
        Assert.Equal(declared.Select(kind => kind.Id).Order(), Kinds.All.Select(kind => kind.Id).Order());
        Assert.Equal(Kinds.All.Count, Kinds.All.Select(kind => kind.Id).Distinct().Count());
    }

    [Fact]
    public void Every_kind_has_its_page_and_every_page_its_kind()
    {
        var pages = Path.Combine(SourceTree.Root, "labs", "findings");
        foreach (var kind in Kinds.All)
            Assert.Equal($"# {kind.Id}: {kind.Title}", File.ReadLines(Path.Combine(pages, $"{kind.Id}.md")).First());
        Assert.Equal(Kinds.All.Select(kind => $"{kind.Id}.md").Append("README.md").Order(StringComparer.Ordinal), Directory.EnumerateFiles(pages).Select(page => Path.GetFileName(page)).Order(StringComparer.Ordinal));
    }
}
