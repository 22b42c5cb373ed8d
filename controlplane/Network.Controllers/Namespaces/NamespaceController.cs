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
        var remaining = new List<Remainder>();
        var failures = new List<string>();
        foreach (var kind in kinds)
        {
            var rest = await DeleteAllAsync(name, kind, failures, cancel).ConfigureAwait(false);
            if (rest.Objects > 0)
                remaining.Add(rest);
            if (rest.Objects > 0 && kind is { Group: "", Plural: "pods" })
                break;
        }

        if (remaining.Count > 0)
        {
            LogRemaining(name, string.Join("; ", remaining.Select(rest => $"{rest.Objects} {rest.Kind.Plural}")));
            await ReportAsync(ns, remaining, failures, cancel).ConfigureAwait(false);
            return TimeSpan.FromMilliseconds(500);
        }

        await FinalizeAsync(ns, cancel).ConfigureAwait(false);
        LogFinished(name);
        return null;
    }

    private async Task<Remainder> DeleteAllAsync(string ns, CatalogEntry kind, List<string> failures, CancellationToken cancel)
    {
        var resource = ObjectMetadata.Of(kind.Group, kind.Version, kind.Plural, kind.Kind, namespaced: true);
        var query = new ListQuery { Namespace = ns };
        try
        {
            var found = await _context.Client.ListAsync(resource, query, cancel).ConfigureAwait(false);
            foreach (var item in found.Items.Where(item => item.Metadata.DeletionTimestamp is null))
            {
                var options = new V1DeleteOptions { PropagationPolicy = "Background", Preconditions = new V1Preconditions { Uid = item.Metadata.Uid } };
                await _context.Client.DeleteAsync(resource, ns, item.Metadata.Name, options, cancel).ConfigureAwait(false);
            }

            var left = found.Items.Count == 0 ? [] : (await _context.Client.ListAsync(resource, query, cancel).ConfigureAwait(false)).Items;
            return new Remainder(kind, left.Count, left.SelectMany(item => item.Metadata.Finalizers ?? []).GroupBy(finalizer => finalizer).ToDictionary(group => group.Key, group => group.Count()));
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // A custom kind that went between discovery and now took its objects along.
            return new Remainder(kind, 0, new Dictionary<string, int>());
        }
        catch (ApiException e)
        {
            failures.Add(e.Message);
            return new Remainder(kind, 1, new Dictionary<string, int>());
        }
    }

    private async Task ReportAsync(V1Namespace ns, List<Remainder> remaining, List<string> failures, CancellationToken cancel)
    {
        if (NamespaceConditions.Of(remaining, failures, ns.Status?.Conditions, _context.Time.GetUtcNow()) is not { } conditions)
            return;
        var patch = Patch.Strategic(new JsonObject { ["status"] = new JsonObject { ["conditions"] = conditions } });
        await _context.Client.PatchAsync(Resources.Namespaces, null, ns.Metadata.Name, patch, "status", cancel).ConfigureAwait(false);
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
