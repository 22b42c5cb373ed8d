using Network.Diagnosis.Findings;
using Network.Labs.Lab;
using Network.Labs.Topology;
using Network.TestKit;
using Xunit;

namespace Network.Overlay.Tests.Labs;

/// <summary>Lab files: those of the shelf, and those that cannot work.</summary>
public sealed class LabFileTests
{
    [Fact]
    public void Every_lab_of_the_shelf_is_read_and_asks_for_findings_there_are()
    {
        var labs = new LabShelf(Path.Combine(SourceTree.Root, "labs")).All;
        Assert.True(labs.Count >= 20, $"{labs.Count} labs");
        Assert.All(labs, lab =>
        {
            Assert.NotEmpty(lab.Finds);
            Assert.NotEmpty(lab.Symptom);
            Assert.NotEmpty(lab.Hints);
            Assert.All(lab.Finds, answer => Assert.Contains(Kinds.All, kind => kind.Id == answer.Code));
            Assert.All(lab.Hints.Where(hint => hint.When.Length > 0), hint => Assert.Contains(Kinds.All, kind => kind.Id == hint.When));
        });
        Assert.Equal(labs.Count, labs.Select(lab => lab.Name).Distinct().Count());
    }

    [Theory]
    [InlineData("title: x\nquestion: {from: pod/a, to: pod/b}\ncolour: red", 3, "unknown field \"colour\"")]
    [InlineData("question: {from: pod/a, to: pod/b}", 1, "title is missing")]
    [InlineData("title: x", 1, "question is missing")]
    [InlineData("title: x\nquestion: {from: pod/a}", 2, "to is missing")]
    [InlineData("title: x\nlevel: 9\nquestion: {from: pod/a, to: pod/b}", 2, "level \"9\" is out of range")]
    [InlineData("title: x\nnodes: none\nquestion: {from: pod/a, to: pod/b}", 2, "nodes \"none\" is out of range")]
    [InlineData("title: x\nmanifests: [gone.yaml]\nquestion: {from: pod/a, to: pod/b}", 2, "there is no file")]
    [InlineData("title: x\nfaults:\n- {fault: flood}\nquestion: {from: pod/a, to: pod/b}", 3, "fault \"flood\" is unknown")]
    [InlineData("title: x\nfaults: flood\nquestion: {from: pod/a, to: pod/b}", 2, "faults is not a list")]
    [InlineData("title: x\nfinds:\n- {code: NET401}\nquestion: {from: pod/a, to: pod/b}", 3, "where is missing")]
    [InlineData("title: [x\n", 2, "not valid YAML")]
    [InlineData("- title", 1, "not a lab")]
    public void A_broken_file_is_refused_with_line_and_fix(string text, int line, string problem)
    {
        var directory = Directory.CreateTempSubdirectory("lab").FullName;
        try
        {
            var lab = Directory.CreateDirectory(Path.Combine(directory, "99-broken")).FullName;
            File.WriteAllText(Path.Combine(lab, LabFile.FileName), text);
            var refusal = Assert.Throws<TopologyException>(() => LabFile.Read(lab));
            Assert.Contains(problem, refusal.Message);
            Assert.Contains($"lab.yaml:{line}", refusal.Message);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
