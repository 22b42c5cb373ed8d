using Xunit;

namespace Network.Architecture.Tests;

public sealed class FloorTests
{
    // The command line builds topologies on this machine, so it holds the runner of the labs; nothing else may.
    private static readonly AllowList s_labs = new(("Network.Cli -> Network.Labs", "podnet up builds a topology with the runner of the labs"));

    private static readonly IReadOnlyDictionary<string, ProjectFile> s_projects = Repository.Projects.ToDictionary(project => project.Name);

    private static IEnumerable<(ProjectFile From, ProjectFile To)> Arrows =>
        Repository.Projects.SelectMany(project => project.References.Select(name => (project, s_projects[name])));

    [Fact]
    public void Every_project_has_a_floor() => new AllowList().Check(
        "write <Floor> in the project file", Repository.Projects.Where(project => project.Floor is null).Select(project => (project.Path, "no floor")));

    [Fact]
    public void References_go_to_lower_floors() => Forbid("reference lower floors only", (from, to) => to.Floor >= from.Floor);

    [Fact]
    public void Dns_and_overlay_know_no_control_plane() =>
        Forbid("dns and overlay take plain records, never API objects", (from, to) => from.Wing is "dns" or "overlay" && to.Wing == "controlplane");

    [Fact]
    public void Overlay_knows_no_dns() => Forbid("overlay must run without dns", (from, to) => from.Wing == "overlay" && to.Wing == "dns");

    [Fact]
    public void Scheduler_controllers_and_kubelet_speak_HTTP_to_the_API_server() => Forbid(
        "talk to the API server through Network.Client like anybody",
        (from, to) => from.Name is "Network.Scheduler" or "Network.Controllers" or "Network.Kubelet" or "Network.Client"
            && to.Name is "Network.ApiServer" or "Network.Store");

    [Fact]
    public void Product_knows_no_tests() => Forbid("tests know the product, never the other way", (from, to) => from.Wing != "tests" && to.Wing == "tests");

    [Fact]
    public void Product_knows_no_labs() => Check(s_labs, "labs stand on the product", (from, to) => from.Wing is not ("tests" or "labs") && to.Wing == "labs");

    [Fact]
    public void Cni_plugin_is_executed_and_never_referenced() => Forbid(
        "run podnet-cni as runtimes do", (from, to) => from.Wing != "tests" && to.Name == "Network.Cni");

    [Fact]
    public void Solution_holds_every_project()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Network.sln")).Replace('\\', '/');
        new AllowList().Check("add the project to Network.sln",
            Repository.Projects.Where(project => !solution.Contains($"\"{project.Path}\"")).Select(project => (project.Path, "is not in the solution")));
    }

    private static void Forbid(string rule, Func<ProjectFile, ProjectFile, bool> forbidden) => Check(new AllowList(), rule, forbidden);

    private static void Check(AllowList exceptions, string rule, Func<ProjectFile, ProjectFile, bool> forbidden) => exceptions.Check(rule,
        Arrows.Where(arrow => forbidden(arrow.From, arrow.To))
            .Select(arrow => ($"{arrow.From.Name} -> {arrow.To.Name}", $"floor {arrow.From.Floor} -> floor {arrow.To.Floor}")));
}
