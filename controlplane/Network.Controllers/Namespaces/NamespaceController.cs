using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers.Namespaces;

/// <summary>
/// Empties a namespace that is being deleted: pods first, then every other kind that discovery lists; when nothing is left
/// it takes the finalizer off. While something remains, a condition names it.
/// </summary>
internal sealed partial class NamespaceController : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly ILogger _logger;

    internal NamespaceController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Namespaces.Changed += change =>
        {
            if (change.New?.Metadata.DeletionTimestamp is not null)
                _queue.Add(change.New.Metadata.Name);
        };
        context.Informers.Pods.Changed += change =>
        {
            if (change.IsDelete && context.Informers.Namespaces.Find(change.Object.Metadata.NamespaceProperty)?.Metadata.DeletionTimestamp is not null)
                _queue.Add(change.Object.Metadata.NamespaceProperty);
        };
    }

    public string Name => "namespace-controller";

    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(2, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        var ns = await _context.Client.FindAsync(Resources.Namespaces, null, name, cancel).ConfigureAwait(false);
        if (ns?.Metadata.DeletionTimestamp is null || ns.Spec?.Finalizers?.Contains("kubernetes") != true)
            return null;
        var kinds = (await ApiCatalog.ReadAsync(_context.Client, cancel).ConfigureAwait(false))
            .Where(kind => kind.Namespaced && kind.Verbs.Contains("list") && kind.Verbs.Contains("delete"))
            // core and events.k8s.io show the same events.
            .Where(kind => kind.Group != "events.k8s.io")
            .OrderBy(kind => kind is { Group: "", Plural: "pods" } ? 0 : 1)
            .ToList();
        var remaining = new List<string>();
        foreach (var kind in kinds)
        {
            var left = await DeleteAllAsync(name, kind, cancel).ConfigureAwait(false);
            if (left > 0)
                remaining.Add($"{(kind.Group.Length == 0 ? kind.Plural : $"{kind.Plural}.{kind.Group}")} has {left} resource instances");
            if (left > 0 && kind is { Group: "", Plural: "pods" })
                break;
        }

        if (remaining.Count > 0)
        {
            LogRemaining(name, string.Join("; ", remaining));
            await ReportAsync(name, remaining, cancel).ConfigureAwait(false);
            return TimeSpan.FromMilliseconds(500);
        }

        await FinalizeAsync(ns, cancel).ConfigureAwait(false);
        LogFinished(name);
        return null;
    }

    private async Task<int> DeleteAllAsync(string ns, CatalogEntry kind, CancellationToken cancel)
    {
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, namespaced: true);
        var query = new ListQuery { Namespace = ns };
        var found = await _context.Client.ListAsync(resource, query, cancel).ConfigureAwait(false);
        foreach (var item in found.Items.Where(item => item.Metadata.DeletionTimestamp is null))
        {
            var options = new V1DeleteOptions { PropagationPolicy = "Background", Preconditions = new V1Preconditions { Uid = item.Metadata.Uid } };
            await _context.Client.DeleteAsync(resource, ns, item.Metadata.Name, options, cancel).ConfigureAwait(false);
        }

        return found.Items.Count == 0 ? 0 : (await _context.Client.ListAsync(resource, query, cancel).ConfigureAwait(false)).Items.Count;
    }

    private async Task ReportAsync(string name, List<string> remaining, CancellationToken cancel)
    {
        var condition = new JsonObject
        {
            ["type"] = "NamespaceContentRemaining",
            ["status"] = "True",
            ["reason"] = "SomeResourcesRemain",
            ["message"] = $"Some resources are remaining: {string.Join(", ", remaining)}",
            ["lastTransitionTime"] = _context.Time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
        };
        var known = _context.Informers.Namespaces.Find(name)?.Status?.Conditions?.FirstOrDefault(c => c.Type == "NamespaceContentRemaining");
        if (known?.Message == condition["message"]!.GetValue<string>())
            return;
        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } });
        await _context.Client.PatchAsync(Resources.Namespaces, null, name, patch, "status", cancel).ConfigureAwait(false);
    }

    private async Task FinalizeAsync(V1Namespace ns, CancellationToken cancel)
    {
        var rest = new JsonArray();
        foreach (var finalizer in ns.Spec.Finalizers.Where(finalizer => finalizer != "kubernetes"))
            rest.Add((JsonNode)finalizer);
        await _context.Client.RequestAsync(HttpMethod.Put, Resources.Namespaces.ObjectPath(null, ns.Metadata.Name, "finalize"), new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = ns.Metadata.Name, ["uid"] = ns.Metadata.Uid },
            ["spec"] = new JsonObject { ["finalizers"] = rest },
        }, cancel).ConfigureAwait(false);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "emptying namespace={Namespace} remaining=\"{Remaining}\"")]
    private partial void LogRemaining(string @namespace, string remaining);

    [LoggerMessage(Level = LogLevel.Information, Message = "finalized namespace={Namespace}")]
    private partial void LogFinished(string @namespace);
}
