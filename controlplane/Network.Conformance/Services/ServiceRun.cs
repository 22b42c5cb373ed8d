using System.Net;
using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Services;

/// <summary>One row about services: its words for making services and pods and for asking.</summary>
public sealed class ServiceRun(ScenarioRun run, ServiceStage stage)
{
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(700);

    public ServiceStage Stage { get; } = stage;

    public ScenarioRun Run { get; } = run;

    public CancellationToken Cancel => Run.Cancel;

    public IReadOnlyList<Place> Nodes => Stage.Nodes;

    public IReadOnlyList<Place> Servers => Stage.Servers;

    public Place Outside => Stage.Outside;

    /// <summary>A service in front of the stage's servers, gone after the row. The spec is YAML in flow style without its braces.</summary>
    public async Task<Service> ServiceAsync(string spec, string? name = null)
    {
        var obj = ScenarioRun.Yaml($"apiVersion: v1\nkind: Service\nmetadata: {{name: {name ?? Run.Namespace}}}\nspec: {{{spec}}}");
        if (obj["spec"]!["selector"] is null)
            obj["spec"]!["selector"] = ServiceStage.Selector;
        var made = await Run.Observer.CreateAsync(Kinds.Services, Stage.Namespace, obj, Cancel).ConfigureAwait(false);
        Run.Afterwards(() => Run.Observer.DeleteAsync(Kinds.Services, Stage.Namespace, (string)made["metadata"]!["name"]!, new Removal(), CancellationToken.None));
        return Of(made);
    }

    /// <summary>A service in the row's own namespace, in front of the row's own pods (label app=own).</summary>
    public async Task<Service> OwnServiceAsync(string spec) =>
        Of(await Run.Observer.CreateAsync(Kinds.Services, Run.Namespace, ScenarioRun.Yaml($"apiVersion: v1\nkind: Service\nmetadata: {{name: own}}\nspec: {{selector: {{app: own}}, {spec}}}"), Cancel).ConfigureAwait(false));

    public Task<Service> PatchAsync(Service service, string body) => PatchAsync(service, new Change("merge", body));

    public async Task<Service> PatchAsync(Service service, Change change) =>
        Of(await Run.Observer.PatchAsync(Kinds.Services, service.Namespace, service.Name, change, Cancel).ConfigureAwait(false));

    public async Task<Service> AgainAsync(Service service) =>
        Of(await Run.Observer.GetAsync(Kinds.Services, service.Namespace, service.Name, null, Cancel).ConfigureAwait(false));

    public Task DeleteAsync(Service service) => Run.Observer.DeleteAsync(Kinds.Services, service.Namespace, service.Name, new Removal(), Cancel);

    /// <summary>The merge patch that gives an object a label, or takes it with null.</summary>
    internal static Change Label(string label, string? value) =>
        new("merge", new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = value } } }.ToJsonString());

    /// <summary>A pod of the row's own (label app=own) that runs.</summary>
    public async Task<Place> PodAsync(string name, Place node, string more = "", string container = "")
    {
        await StartPodAsync(name, node, more, container).ConfigureAwait(false);
        return await ServiceStage.PodAsync(Stage.Cluster, Run.Observer, Run.Namespace, name, Cancel).ConfigureAwait(false);
    }

    public Task StartPodAsync(string name, Place node, string more = "", string container = "") =>
        Run.Observer.CreateAsync(Kinds.Pods, Run.Namespace, ServiceStage.Server(name, node.Name, "own", more, container), Cancel);

    public Task DeletePodAsync(string name, int? grace = null) => Run.Observer.DeleteAsync(Kinds.Pods, Run.Namespace, name, new Removal(null, grace), Cancel);

    /// <summary>A pod that goes on serving after it was asked to end; it ends with its grace after the row.</summary>
    public async Task<Place> LingeringPodAsync(string name, Place node)
    {
        var pod = await PodAsync(name, node, "", ", lifecycle: {preStop: {sleep: {seconds: 40}}}").ConfigureAwait(false);
        Run.Afterwards(() => Run.Observer.DeleteAsync(Kinds.Pods, Run.Namespace, name, new Removal(null, 0), CancellationToken.None));
        return pod;
    }

    public Task<Answer> AskAsync(Place from, string address, int port, bool udp = false, TimeSpan? patience = null) =>
        Caller.AskAsync(from.NetNs, new IPEndPoint(IPAddress.Parse(address), port), udp, patience, Cancel);

    /// <summary>Asks until the answer is as wished; rules take a moment.</summary>
    public Task<Answer> UntilAsync(string what, Place from, (string Address, int Port, bool Udp) to, Func<Answer, bool> wished) =>
        Run.UntilAsync($"{what} (from {from.Name} to {to.Address}:{to.Port})", () => AskAsync(from, to.Address, to.Port, to.Udp, s_silence), wished);

    public Task<Answer> UntilAnsweredAsync(Place from, string address, int port, bool udp = false) =>
        UntilAsync("an answer", from, (address, port, udp), answer => answer.Failure.Length == 0);

    public Task<Answer> UntilFailedAsync(string failure, Place from, string address, int port, bool udp = false) =>
        UntilAsync(failure, from, (address, port, udp), answer => answer.Failure == failure);

    /// <summary>Many questions after another: the servers that answered. None may fail.</summary>
    public async Task<IReadOnlyList<Answer>> AskManyAsync(int count, Place from, string address, int port, bool udp = false)
    {
        var answers = new List<Answer>();
        for (var i = 0; i < count; i++)
        {
            answers.Add(await AskAsync(from, address, port, udp).ConfigureAwait(false));
            Expect.Equal("", answers[^1].Failure, $"question {i + 1} from {from.Name} to {address}:{port}");
        }

        return answers;
    }

    /// <summary>Asks until every one of the servers has answered, and fails when another does.</summary>
    public async Task ReachesAllAsync(Place from, string address, int port, IEnumerable<Place> servers, bool udp = false)
    {
        var missing = servers.Select(server => server.Name).ToHashSet();
        var all = missing.ToHashSet();
        await UntilAnsweredAsync(from, address, port, udp).ConfigureAwait(false);
        for (var i = 0; missing.Count > 0; i++)
        {
            var answer = await AskAsync(from, address, port, udp).ConfigureAwait(false);
            Expect.Equal("", answer.Failure, $"question from {from.Name} to {address}:{port}");
            Expect.True(all.Contains(answer.Server), $"an answer of {string.Join(" or ", all)} from {from.Name} to {address}:{port}, got {answer}");
            missing.Remove(answer.Server);
            Expect.True(i < 300, $"an answer of {string.Join(" and ", missing)} among 300 from {from.Name} to {address}:{port}");
        }
    }

    private static Service Of(JsonObject obj) => new((string)obj["metadata"]!["namespace"]!, (string)obj["metadata"]!["name"]!, obj);
}
