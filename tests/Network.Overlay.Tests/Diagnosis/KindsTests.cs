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
    public void Every_kind_is_found_by_somebody()
    {
        var sources = string.Concat(((string[])["overlay/Network.Diagnosis", "controlplane/Network.Cli"]).SelectMany(folder => Directory.EnumerateFiles(Path.Combine(SourceTree.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.EndsWith("Kinds.cs", StringComparison.Ordinal)).Select(File.ReadAllText));
        var names = typeof(Kinds).GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.FieldType == typeof(FindingKind)).Select(field => field.Name);
        Assert.DoesNotContain(names, name => !System.Text.RegularExpressions.Regex.IsMatch(sources, $@"\bKinds\.{name}\b"));
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
