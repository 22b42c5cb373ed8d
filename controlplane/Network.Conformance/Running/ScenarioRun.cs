using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.Conformance.Clients;

namespace Network.Conformance.Running;

/// <summary>One scenario with one client: its namespace, its time limit, and the verbs in short words.</summary>
public sealed class ScenarioRun(IClusterClient client, CSharpClient observer, string ns, TimeProvider time, CancellationToken cancel)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(30);
    private readonly Stack<Func<Task>> _cleanups = [];

    public IClusterClient Client { get; } = client;

    /// <summary>The namespace; its name is unique in the cluster, so names of cluster objects are made of it.</summary>
    public string Namespace { get; } = ns;

    public CancellationToken Cancel { get; } = cancel;

    public TimeProvider Time { get; } = time;

    /// <summary>The lab below the cluster, for scenarios that ask through its network.</summary>
    public Services.ServiceStage? Stage { get; init; }

    /// <summary>The kubectl of this row; only for scenarios of kubectl.</summary>
    public KubectlClient KubectlClient => (KubectlClient)Client;

    /// <summary>The official client of this row; only for scenarios of it.</summary>
    public CSharpClient CSharp => (CSharpClient)Client;

    /// <summary>Sets the stage or looks behind it where the client under test has no word for it.</summary>
    public CSharpClient Observer { get; } = observer;

    /// <summary>A name no other run uses.</summary>
    public string Unique(string name) => $"{name}-{Namespace}";

    public static JsonObject Yaml(string text) => JsonNode.Parse(Encoding.UTF8.GetString(YamlBody.ToJson(text)))!.AsObject();

    public Task<JsonObject> CreateAsync(Kind kind, string yaml) => CreateAsync(kind, Yaml(yaml));

    /// <summary>Creates; apiVersion and kind are filled in, objects of the cluster are removed after the run.</summary>
    public async Task<JsonObject> CreateAsync(Kind kind, JsonObject obj)
    {
        obj = obj.DeepClone().AsObject();
        obj["apiVersion"] ??= kind.ApiVersion;
        obj["kind"] ??= kind.Name;
        var created = await Client.CreateAsync(kind, Of(kind), obj, Cancel).ConfigureAwait(false);
        if (!kind.Namespaced && created["metadata"]?["name"] is { } name)
            Afterwards(() => Observer.DeleteAsync(kind, null, (string)name!, new Removal(), CancellationToken.None));
        return created;
    }

    public Task<JsonObject> GetAsync(Kind kind, string name, string? subresource = null) => Client.GetAsync(kind, Of(kind), name, subresource, Cancel);

    public async Task<JsonObject?> FindAsync(Kind kind, string name)
    {
        try
        {
            return await GetAsync(kind, name).ConfigureAwait(false);
        }
        catch (ApiRefusal refusal) when (refusal.Reason == "NotFound")
        {
            return null;
        }
    }

    public Task<JsonObject> ListAsync(Kind kind, Selection? selection = null) => Client.ListAsync(kind, Of(kind), selection ?? Selection.Everything, Cancel);

    /// <summary>The names of what a selection matches, in the server's order.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync(Kind kind, Selection? selection = null) =>
        (await ListAsync(kind, selection).ConfigureAwait(false))["items"]!.AsArray().Select(item => (string)item!["metadata"]!["name"]!).ToList();

    public Task<JsonObject> ReplaceAsync(Kind kind, JsonObject obj, string? subresource = null) => Client.ReplaceAsync(kind, Of(kind), obj, subresource, Cancel);

    public Task<JsonObject> PatchAsync(Kind kind, string name, string body, string type = "merge", string? subresource = null) =>
        Client.PatchAsync(kind, Of(kind), name, new Change(type, body, subresource), Cancel);

    public Task DeleteAsync(Kind kind, string name, Removal? removal = null) => Client.DeleteAsync(kind, Of(kind), name, removal ?? new Removal(), Cancel);

    public Task DeleteCollectionAsync(Kind kind, string? labels = null) => Client.DeleteCollectionAsync(kind, Of(kind), new Selection { Labels = labels }, Cancel);

    public async Task<WatchReader> WatchAsync(Kind kind, Selection? selection = null) =>
        new(await Client.WatchAsync(kind, Of(kind), selection ?? Selection.Everything, Cancel).ConfigureAwait(false), Cancel);

    public Task<string> GetRawAsync(string path) => Client.GetRawAsync(path, Cancel);

    public async Task<JsonObject> GetJsonAsync(string path) => JsonNode.Parse(await GetRawAsync(path).ConfigureAwait(false))!.AsObject();

    /// <summary>kubectl in the run's namespace; gives standard output, a failure is an <see cref="ApiRefusal"/>.</summary>
    public Task<string> KubectlAsync(params string[] arguments) => KubectlClient.RunAsync(["-n", Namespace, .. arguments], null, Cancel);

    public Task<string> KubectlWithAsync(string input, params string[] arguments) => KubectlClient.RunAsync(["-n", Namespace, .. arguments], input, Cancel);

    /// <summary>Waits until an observation is as wished; the deadline of the run ends it, with the last observation in the message.</summary>
    public async Task<T> UntilAsync<T>(string what, Func<Task<T>> observe, Func<T, bool> wished)
    {
        var last = default(T);
        try
        {
            while (true)
            {
                last = await observe().ConfigureAwait(false);
                if (wished(last))
                    return last;
                await Task.Delay(s_pause, Cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (Cancel.IsCancellationRequested)
        {
            throw new ExpectationFailed($"not within the deadline: {what}; last seen: {(last is JsonNode node ? node.ToJsonString() : last)}");
        }
    }

    public Task UntilAsync(string what, Func<Task<bool>> condition) => UntilAsync(what, condition, met => met);

    public Task GoneAsync(Kind kind, string name) => UntilAsync($"{kind.Plural} {name} is gone", async () => await FindAsync(kind, name).ConfigureAwait(false), found => found is null);

    /// <summary>Registers what puts the cluster back as it was; runs after the scenario, last one first, whatever happened.</summary>
    public void Afterwards(Func<Task> cleanup) => _cleanups.Push(cleanup);

    internal async Task CleanUpAsync()
    {
        while (_cleanups.TryPop(out var cleanup))
        {
            try
            {
                await cleanup().ConfigureAwait(false);
            }
            catch (Exception e) when (e is ApiRefusal or HttpRequestException)
            {
                // Most are gone already because the scenario deleted them itself.
            }
        }
    }

    private string? Of(Kind kind) => kind.Namespaced ? Namespace : null;
}
