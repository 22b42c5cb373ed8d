using System.Text.Json.Nodes;
using Network.Api.Patches;
using Network.Linux;

namespace Network.Conformance.Clients;

/// <summary>The verbs as kubectl commands.</summary>
public sealed class KubectlClient(KubectlProcess process) : IClusterClient
{
    private static readonly KubectlVersion s_subresources = new(1, 24);

    public ClientKind Kind => ClientKind.Kubectl;

    public string Name => $"kubectl {process.Version}";

    public string LastCommand { get; private set; } = "";

    public KubectlVersion Version => process.Version;

    /// <summary>The same kubectl with a memory of its own.</summary>
    public KubectlClient Again() => new(process);

    /// <summary>Runs a command to its end, whatever it says.</summary>
    public Task<CommandResult> TryAsync(IReadOnlyList<string> arguments, string? input, CancellationToken cancel)
    {
        LastCommand = $"kubectl {string.Join(' ', arguments)}";
        return process.RunAsync(arguments, input, cancel);
    }

    /// <summary>Runs a command and gives its standard output.</summary>
    /// <exception cref="ApiRefusal">It failed.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, string? input, CancellationToken cancel)
    {
        var result = await TryAsync(arguments, input, cancel).ConfigureAwait(false);
        return result.Succeeded ? result.Output : throw KubectlProcess.Refusal(result.Error);
    }

    /// <summary>Starts a command that goes on until disposed.</summary>
    public RunningKubectl Start(params string[] arguments)
    {
        LastCommand = $"kubectl {string.Join(' ', arguments)}";
        return RunningKubectl.Start(process, arguments);
    }

    public async Task<JsonObject> CreateAsync(Kind kind, string? ns, JsonObject obj, CancellationToken cancel)
    {
        // kubectl 1.20 reads all of OpenAPI before each create; what the server judges is the question here.
        var output = await RunAsync([.. In(ns), "create", "-f", "-", "-o", "json", "--validate=false"], obj.ToJsonString(), cancel).ConfigureAwait(false);
        return Read(output);
    }

    public async Task<JsonObject> GetAsync(Kind kind, string? ns, string name, string? subresource, CancellationToken cancel) => subresource is null
        ? Read(await RunAsync([.. In(ns), "get", kind.Argument, name, "-o", "json"], null, cancel).ConfigureAwait(false))
        : Version >= s_subresources && subresource is "status" or "scale"
            ? Read(await RunAsync([.. In(ns), "get", kind.Argument, name, $"--subresource={subresource}", "-o", "json"], null, cancel).ConfigureAwait(false))
            : Read(await GetRawAsync(kind.Path(ns, name, subresource), cancel).ConfigureAwait(false));

    public async Task<JsonObject> ListAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel)
    {
        // Only a raw request says where a page begins or which revision is meant.
        if (selection.Limit is not null || selection.Continue is not null || selection.ResourceVersion is not null)
            return Read(await GetRawAsync(kind.Path(ns) + selection.Query(), cancel).ConfigureAwait(false));
        return Read(await RunAsync(["get", kind.Argument, .. kind.Namespaced && ns is null ? ["-A"] : In(ns), .. Select(selection), "-o", "json"], null, cancel).ConfigureAwait(false));
    }

    public async Task<JsonObject> ReplaceAsync(Kind kind, string? ns, JsonObject obj, string? subresource, CancellationToken cancel)
    {
        if (subresource is null)
            return Read(await RunAsync([.. In(ns), "replace", "-f", "-", "-o", "json", "--validate=false"], obj.ToJsonString(), cancel).ConfigureAwait(false));
        if (Version >= s_subresources && subresource is "status" or "scale")
            return Read(await RunAsync([.. In(ns), "replace", "-f", "-", $"--subresource={subresource}", "-o", "json", "--validate=false"], obj.ToJsonString(), cancel).ConfigureAwait(false));
        return Read(await RunAsync(["replace", "--raw", kind.Path(ns, (string)obj["metadata"]!["name"]!, subresource), "-f", "-"], obj.ToJsonString(), cancel).ConfigureAwait(false));
    }

    public async Task<JsonObject> PatchAsync(Kind kind, string? ns, string name, Change change, CancellationToken cancel)
    {
        if (change.Subresource is { } subresource && !(Version >= s_subresources && subresource is "status" or "scale"))
            return await PatchByReplaceAsync(kind, ns, name, change, cancel).ConfigureAwait(false);
        string[] extra = change.Subresource is { } sub ? [$"--subresource={sub}"] : [];
        return Read(await RunAsync([.. In(ns), "patch", kind.Argument, name, $"--type={change.Type}", "-p", change.Body, .. extra, "-o", "json"], null, cancel).ConfigureAwait(false));
    }

    public async Task DeleteAsync(Kind kind, string? ns, string name, Removal removal, CancellationToken cancel)
    {
        List<string> options = ["--wait=false"];
        if (removal.Propagation is { } propagation)
            options.Add($"--cascade={propagation.ToLowerInvariant()}");
        if (removal.GraceSeconds is { } grace)
            options.AddRange([$"--grace-period={grace}", .. grace == 0 ? ["--force"] : Array.Empty<string>()]);
        await RunAsync([.. In(ns), "delete", kind.Argument, name, .. options], null, cancel).ConfigureAwait(false);
    }

    public async Task DeleteCollectionAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel)
    {
        // Without a selector kubectl lists and deletes one by one only when told --all; it always does so one by one.
        string[] which = selection == Selection.Everything ? ["--all"] : [.. Select(selection)];
        await RunAsync([.. In(ns), "delete", kind.Argument, .. which, "--wait=false"], null, cancel).ConfigureAwait(false);
    }

    public Task<IWatch> WatchAsync(Kind kind, string? ns, Selection selection, CancellationToken cancel)
    {
        var running = Start("get", "--raw", kind.Path(ns) + selection.Query(("watch", "true"), ("timeoutSeconds", "60")));
        return Task.FromResult<IWatch>(new KubectlWatch(running));
    }

    public Task<string> GetRawAsync(string path, CancellationToken cancel) => RunAsync(["get", "--raw", path], null, cancel);

    private static string[] In(string? ns) => ns is null ? [] : ["-n", ns];

    private static IEnumerable<string> Select(Selection selection)
    {
        if (selection.Labels is { } labels)
            yield return $"--selector={labels}";
        if (selection.Fields is { } fields)
            yield return $"--field-selector={fields}";
    }

    private static JsonObject Read(string json) => JsonNode.Parse(json)!.AsObject();

    // kubectl before 1.24 has no word for patching a subresource; it can read it and put it back.
    private async Task<JsonObject> PatchByReplaceAsync(Kind kind, string? ns, string name, Change change, CancellationToken cancel)
    {
        while (true)
        {
            var current = await GetAsync(kind, ns, name, change.Subresource, cancel).ConfigureAwait(false);
            var patched = change.Type == "json"
                ? JsonPatch.Apply(current, JsonNode.Parse(change.Body)!.AsArray())
                : Merged(current, JsonNode.Parse(change.Body)!.AsObject());
            try
            {
                return await ReplaceAsync(kind, ns, patched, change.Subresource, cancel).ConfigureAwait(false);
            }
            catch (ApiRefusal refusal) when (refusal.Reason == "Conflict")
            {
                // A controller wrote in between; a patch by the server would have been put on top of that.
            }
        }
    }

    private static JsonObject Merged(JsonObject target, JsonObject patch)
    {
        MergePatch.Apply(target, patch);
        return target;
    }
}
