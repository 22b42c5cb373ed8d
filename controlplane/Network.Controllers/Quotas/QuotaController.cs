using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Api.Quantities;
using Network.Api.Quotas;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.Client;

namespace Network.Controllers.Quotas;

/// <summary>
/// Counts what a quota limits and writes it to its status. Admission charges before objects exist; this controller gives back what was deleted and
/// what was charged for nothing.
/// </summary>
internal sealed partial class QuotaController : IController
{
    // A charge comes a moment before its object; counting at once would take it back.
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1), s_resync = TimeSpan.FromMinutes(5);
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;
    private readonly KindWatches _kinds;
    private readonly TaskCompletionSource _needed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal QuotaController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        _kinds = new KindWatches(context, Name, IsCounted, (_, change) =>
        {
            if (change.IsDelete)
                Recount(change.Object.Metadata.NamespaceProperty);
        });
        _kinds.KindsChanged += () =>
        {
            foreach (var quota in context.Informers.ResourceQuotas.Items.Keys)
                _queue.AddAfter(quota, s_settle);
        };
        context.Informers.ResourceQuotas.Changed += change =>
        {
            _needed.TrySetResult();
            var key = Informer<V1ResourceQuota>.KeyOf(change.Object);
            if (change.Old is null || !Equals(change.Old.Metadata.Generation, change.Object.Metadata.Generation) || change.Object.Status?.Used is null)
                _queue.Add(key);
            else
                _queue.AddAfter(key, s_settle);
        };
        context.Informers.Pods.Changed += change =>
        {
            if (change.IsDelete || (change.Old?.Status?.Phase != change.New!.Status?.Phase && change.New.Status?.Phase is "Succeeded" or "Failed"))
                Recount(change.Object.Metadata.NamespaceProperty);
        };
    }

    public string Name => "resourcequota-controller";

    public async Task RunAsync(CancellationToken cancel)
    {
        var watching = WatchOthersAsync(cancel);
        await _queue.RunAsync(1, SyncAsync, cancel).ConfigureAwait(false);
        await watching.ConfigureAwait(false);
    }

    // Deletions of everything else that can be counted are watched, as metadata, from the first quota on; most clusters have none.
    private async Task WatchOthersAsync(CancellationToken cancel)
    {
        await _needed.Task.WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancel.IsCancellationRequested)
            return;
        await _kinds.RunAsync(cancel).ConfigureAwait(false);
    }

    private static bool IsCounted(CatalogEntry kind) => kind.Namespaced && kind.Verbs.Contains("watch") && kind.Plural is not ("events" or "leases" or "endpoints" or "endpointslices" or "pods")
        && ResourceCatalog.Find(kind.Group, kind.Version, kind.Plural)?.Converted != true;

    private void Recount(string ns)
    {
        foreach (var quota in _context.Informers.ResourceQuotas.Items.Values.Where(q => q.Metadata.NamespaceProperty == ns))
            _queue.Add(Informer<V1ResourceQuota>.KeyOf(quota));
    }

    private async Task<TimeSpan?> SyncAsync(string key, CancellationToken cancel)
    {
        if (_context.Informers.ResourceQuotas.Find(key) is not { } cached)
            return null;
        var ns = cached.Metadata.NamespaceProperty;
        var path = Resources.ResourceQuotas.ObjectPath(ns, cached.Metadata.Name);
        var quota = (JsonObject)(await _context.Client.RequestAsync(HttpMethod.Get, path, null, cancel).ConfigureAwait(false))!;
        var used = await CountAsync(quota, ns, cancel).ConfigureAwait(false);
        var hard = quota.At("spec", "hard")?.DeepClone() ?? new JsonObject();
        if (JsonNode.DeepEquals(Sorted(hard), Sorted(quota.At("status", "hard"))) && JsonNode.DeepEquals(Sorted(used), Sorted(quota.At("status", "used"))))
            return s_resync;
        quota["status"] = new JsonObject { ["hard"] = hard, ["used"] = used };
        await _context.Client.RequestAsync(HttpMethod.Put, path + "/status", quota, cancel).ConfigureAwait(false);
        LogCounted(key, used.ToJsonString());
        return s_resync;
    }

    private async Task<JsonObject> CountAsync(JsonObject quota, string ns, CancellationToken cancel)
    {
        var total = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var resource in ResourceCatalog.All.Where(r => r is { Namespaced: true, Converted: false } && r.Verbs.Contains("list") && QuotaUsage.Concerns(quota, r)))
        {
            var path = new Resource<ObjectMetadata>(resource.Group, resource.Version, resource.Plural, resource.Kind, true).CollectionPath(ns);
            var list = await _context.Client.RequestAsync(HttpMethod.Get, path, null, cancel).ConfigureAwait(false);
            foreach (var (name, amount) in list.Items("items").SelectMany(item => QuotaUsage.Of(quota, resource, item)))
                total[name] = total.TryGetValue(name, out var known) ? known + amount : amount;
        }

        foreach (var kind in _kinds.Kinds.Where(kind => ResourceCatalog.Find(kind.Group, kind.Version, kind.Plural) is null))
            await CountCustomAsync(quota, kind, ns, total, cancel).ConfigureAwait(false);
        return new JsonObject((quota.At("spec", "hard") as JsonObject ?? []).Select(pair =>
            KeyValuePair.Create(pair.Key, (JsonNode?)(total.TryGetValue(pair.Key, out var amount) ? amount.ToString() : "0"))));
    }

    // Of custom objects there is their number, no more.
    private async Task CountCustomAsync(JsonObject quota, CatalogEntry kind, string ns, Dictionary<string, Quantity> total, CancellationToken cancel)
    {
        var name = $"count/{kind.Plural}.{kind.Group}";
        if (quota.At("spec", "hard") is not JsonObject hard || !hard.ContainsKey(name))
            return;
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, namespaced: true);
        var list = await _context.Client.ListAsync(resource, new ListQuery { Namespace = ns }, cancel).ConfigureAwait(false);
        total[name] = Quantity.Of(list.Items.Count);
    }

    private static JsonObject Sorted(JsonNode? map) =>
        new((map as JsonObject ?? []).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));

    [LoggerMessage(Level = LogLevel.Debug, Message = "counted quota={Quota} used={Used}")]
    private partial void LogCounted(string quota, string used);
}
