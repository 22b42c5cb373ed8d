using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Patches;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>
/// The mutating webhooks of one request, one after the other. When one changed the object there is a second round, in which those are asked again that want it
/// (reinvocationPolicy IfNeeded) and whose answer was followed by another change (apiserver webhook/mutating).
/// </summary>
internal sealed class Mutation(ObjectRegistry registry, (WebhookMatcher Matcher, WebhookCaller Caller) webhooks, IReadOnlyList<Webhook> hooks, AdmissionRequest request)
{
    // Asked in the first round with nothing changed since, and with something changed since.
    private readonly HashSet<Webhook> _asked = [];
    private readonly HashSet<Webhook> _outdated = [];
    private JsonNode? _last;

    /// <summary>The first round. True when the object is not what it was.</summary>
    public async ValueTask<bool> RunAsync()
    {
        await RoundAsync(0);
        return request.Changed;
    }

    /// <summary>The second round, after the server's own plugins have seen the changes.</summary>
    public ValueTask RunAgainAsync()
    {
        if (!JsonNode.DeepEquals(_last, request.Value))
            Outdate();
        return RoundAsync(1);
    }

    private async ValueTask RoundAsync(int round)
    {
        for (var i = 0; i < hooks.Count; i++)
        {
            if (round > 0 && !_outdated.Contains(hooks[i]))
                continue;
            if (webhooks.Matcher.Match(hooks[i], request) is { } invocation)
                await AskAsync(invocation, round, i);
        }

        if (request.Changed)
            _last = request.Value.DeepClone();
    }

    private async ValueTask AskAsync(Invocation invocation, int round, int index)
    {
        var hook = invocation.Hook;
        var changed = false;
        var heard = await webhooks.Caller.AskAsync(invocation, request, true, answer => changed = Take(invocation, answer));
        var mark = $"mutation.webhook.admission.k8s.io/round_{round}_index_{index}";
        webhooks.Caller.Annotate(request, mark, new JsonObject { ["configuration"] = hook.Configuration, ["webhook"] = hook.Name, ["mutated"] = changed }.ToJsonString());
        if (!heard)
            webhooks.Caller.Annotate(request, "failed-open." + mark, hook.Name);
        if (changed)
        {
            request.Changed = true;
            Outdate();
        }

        if (hook.Reinvoked)
            _asked.Add(hook);
    }

    private void Outdate()
    {
        _outdated.UnionWith(_asked);
        _asked.Clear();
    }

    // True when the answer changed the object.
    private bool Take(Invocation invocation, ReviewAnswer answer)
    {
        var name = invocation.Hook.Name;
        var operations = answer.Operations(name);
        if (operations.Count == 0)
            return false;
        if (request.Operation == AdmissionOperation.Delete)
            throw Refusal.Internal($"admission webhook \"{name}\" attempted to modify the object, which is not supported for this operation");
        var patched = Patched(invocation, operations);
        var (asked, own) = (invocation.Resource, request.Context.Resource);
        if (Invocation.ShowsObject(own, request.Context.Subresource))
        {
            registry.StrategyOf(asked).Default(patched);
            patched = EquivalentResources.Convert(patched, asked, own);
        }

        if (JsonNode.DeepEquals(patched, request.Value))
            return false;
        request.Value.Clear();
        foreach (var (member, value) in patched.ToList())
        {
            patched.Remove(member);
            request.Value[member] = value;
        }

        return true;
    }

    private JsonObject Patched(Invocation invocation, JsonArray operations)
    {
        var (group, version, kind) = Invocation.KindOf(invocation.Resource, request.Context.Subresource);
        var apiVersion = group.Length == 0 ? version : $"{group}/{version}";
        var type = Invocation.ShowsObject(invocation.Resource, request.Context.Subresource) ? invocation.Resource.Schema
            : ApiSchema.FindKind(apiVersion, kind) ?? throw Refusal.Internal($"no kind \"{kind}\" is registered for version \"{apiVersion}\"");
        try
        {
            var patched = JsonPatch.Apply(invocation.Shown(request.Value, request)!, operations);
            var decoded = JsonDecoder.Decode(Encoding.UTF8.GetBytes(patched.ToJsonString()), type);
            if (decoded.TypeFaults.Count > 0)
                throw Refusal.Internal($"webhook \"{invocation.Hook.Name}\" made of the object what is no {kind}: {string.Join(", ", decoded.TypeFaults)}");
            decoded.Object["kind"] = kind;
            decoded.Object["apiVersion"] = apiVersion;
            return decoded.Object;
        }
        catch (Exception e) when (e is JsonException || e is ApiException { Code: not 500 })
        {
            throw Refusal.Internal(e.Message);
        }
    }
}
