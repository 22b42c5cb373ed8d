using System.Text.RegularExpressions;
using Xunit;

namespace Network.Architecture.Tests;

public sealed partial class HouseTests
{
    private static readonly string[] s_entries =
    [
        "cni-plugin", "overlay", "dns", "controlplane", "tests", "labs", "Network.sln", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md",
        "SUPPORTED.md", "LICENSE", "global.json", "BannedSymbols.txt",
    ];

    [Fact]
    public void Top_level_holds_the_rooms_and_nothing_else()
    {
        var ignored = File.ReadAllLines(Path.Combine(Repository.Root, ".gitignore")).Select(line => line.Trim().TrimEnd('/')).ToHashSet();
        new AllowList().Check("put it into a room", Directory.EnumerateFileSystemEntries(Repository.Root)
            .Select(path => Path.GetFileName(path))
            .Where(name => !name.StartsWith('.') && !name.StartsWith("Directory.", StringComparison.Ordinal)
                && !s_entries.Contains(name) && !ignored.Contains(name))
            .Select(name => (name, "is no room of the house")));
    }

    [Fact]
    public void Every_lab_has_a_README_and_says_how_it_is_checked()
    {
        var labs = Directory.GetDirectories(Path.Combine(Repository.Root, "labs")).Where(path => LabName().IsMatch(Path.GetFileName(path))).ToList();
        Assert.NotEmpty(labs);
        new AllowList().Check("give every lab a README.md, and an executable check or a lab.yaml", labs.SelectMany(Faults));
    }

    [Fact]
    public void Lab_numbers_are_used_once()
    {
        var twice = Directory.GetDirectories(Path.Combine(Repository.Root, "labs")).Select(path => Path.GetFileName(path)!)
            .Where(name => LabName().IsMatch(name)).GroupBy(name => name[..2]).Where(group => group.Count() > 1);
        new AllowList().Check("renumber", twice.Select(group => (group.Key, string.Join(" and ", group))));
    }

    private static IEnumerable<(string Where, string What)> Faults(string lab)
    {
        var name = Path.GetFileName(lab);
        if (!File.Exists(Path.Combine(lab, "README.md")))
            yield return (name, "has no README.md");
        var check = new FileInfo(Path.Combine(lab, "check"));
        if (!check.Exists && !File.Exists(Path.Combine(lab, "lab.yaml")))
            yield return (name, "has neither check nor lab.yaml");
        else if (check.Exists && (check.UnixFileMode & UnixFileMode.UserExecute) == 0)
            yield return (name, "its check is not executable");
    }

    [GeneratedRegex("^[0-9]{2}-[a-z0-9-]+$")]
    private static partial Regex LabName();
}
