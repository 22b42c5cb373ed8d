using System.Globalization;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Registry;

/// <summary>What a delete did: <see cref="Gone"/> or only marked, and the last state.</summary>
internal sealed record Deletion(bool Gone, StoreEntry Entry, string Uid);

/// <summary>Deletes at once, or marks for deletion when finalizers or grace ask for it.</summary>
internal static class DeleteObject
{
    private const int Attempts = 12;

    public static async ValueTask<Deletion> DeleteAsync(this ObjectRegistry registry, WriteContext context, string name, DeleteOptions options)
    {
        for (var attempt = 1; ; attempt++)
        {
            var current = registry.Require(context.Resource, context.Namespace, name);
            if (await TryDeleteAsync(registry, context, (name, current), options) is { } done)
                return done;
            if (attempt == Attempts)
                throw Refusal.Modified(context.Resource.Plural, context.Resource.Group, name);
        }
    }

    /// <summary>Takes the object out of the store; null when somebody else changed it meanwhile.</summary>
    public static async ValueTask<StoreEntry?> RemoveAsync(this ObjectRegistry registry, WriteContext context, StoreEntry current, JsonObject old)
    {
        var gone = await registry.Store.DeleteAsync(current.Key, current.ModRevision, CancellationToken.None);
        if (gone is not null)
            await registry.StrategyOf(context.Resource).ReleaseAsync(context, old);
        return gone;
    }

    private static async ValueTask<Deletion?> TryDeleteAsync(ObjectRegistry registry, WriteContext context, (string Name, StoreEntry Entry) target, DeleteOptions options)
    {
        var (resource, current) = (context.Resource, target.Entry);
        var old = ObjectBytes.Decode(resource, current);
        CheckPreconditions(resource, target.Name, old, options);
        var admission = new AdmissionRequest(context, AdmissionOperation.Delete, old, old) { Deletion = options };
        await registry.Admission.AdmitAsync(admission);
        await registry.Admission.JudgeAsync(admission);
        var uid = old["metadata"].Text("uid");
        var marked = (JsonObject)old.DeepClone();
        var wait = Mark(registry, resource, marked, options);
        if (!wait)
        {
            if (options.DryRun)
                return new Deletion(true, current, uid);
            var gone = await registry.RemoveAsync(context, current, old);
            return gone is null ? null : new Deletion(true, gone, uid);
        }

        var bytes = ObjectBytes.Encode(resource, marked);
        if (bytes.AsSpan().SequenceEqual(current.Value.Span))
            return new Deletion(false, current, uid);
        if (options.DryRun)
            return new Deletion(false, current with { Value = bytes }, uid);
        var entry = await registry.Store.PutAsync(current.Key, bytes, current.ModRevision, null, CancellationToken.None);
        return entry is null ? null : new Deletion(false, entry, uid);
    }

    // True when the object has to stay for its finalizers or its grace period.
    private static bool Mark(ObjectRegistry registry, ResourceInfo resource, JsonObject value, DeleteOptions options)
    {
        var metadata = value.Child("metadata");
        SetFinalizer(metadata, "orphan", options.Propagation == "Orphan" || (options.Propagation.Length == 0 && resource.Has(ResourceTraits.OrphansByDefault)),
            options.Propagation.Length > 0);
        SetFinalizer(metadata, "foregroundDeletion", options.Propagation == "Foreground", options.Propagation.Length > 0);
        var requested = options.GraceSeconds is < 0 ? 1 : options.GraceSeconds;
        var grace = registry.StrategyOf(resource).GraceSeconds(value, requested);
        var finalizers = metadata.At("finalizers") is JsonArray { Count: > 0 } || value["spec"].At("finalizers") is JsonArray { Count: > 0 };
        if (grace is null or 0 && !finalizers)
            return false;
        var deadline = registry.Time.GetUtcNow().AddSeconds(grace ?? 0);
        if (WireTime.Parse(metadata.Text("deletionTimestamp")) is { } planned)
        {
            // Grace only ever gets shorter.
            if (grace is null || (metadata.Number("deletionGracePeriodSeconds") ?? 0) <= grace)
                return true;
            if (deadline > planned)
                deadline = planned;
        }
        else if (resource.Has(ResourceTraits.Generation))
        {
            metadata["generation"] = (metadata.Number("generation") ?? 0) + 1;
        }

        metadata["deletionTimestamp"] = WireTime.Format(deadline);
        metadata["deletionGracePeriodSeconds"] = grace ?? 0;
        if (resource is { Plural: "namespaces", Group: "" })
            value.Child("status")["phase"] = "Terminating";
        return true;
    }

    private static void SetFinalizer(JsonObject metadata, string name, bool wanted, bool decided)
    {
        var present = metadata.Texts("finalizers").ToList();
        if (wanted && !present.Contains(name))
            present.Add(name);
        else if (!wanted && decided)
            present.Remove(name);
        if (present.Count > 0)
            metadata["finalizers"] = new JsonArray([.. present.Select(f => (JsonNode)f)]);
        else
            metadata.Remove("finalizers");
    }

    private static void CheckPreconditions(ResourceInfo resource, string name, JsonObject old, DeleteOptions options)
    {
        var uid = old["metadata"].Text("uid");
        if (options.Uid.Length > 0 && options.Uid != uid)
        {
            throw Refusal.Conflict(resource.Plural, resource.Group, name,
                $"the UID in the precondition ({options.Uid}) does not match the UID in record ({uid}). The object might have been deleted and then recreated");
        }

        var version = old["metadata"].Text("resourceVersion");
        if (options.ResourceVersion.Length > 0 && options.ResourceVersion != version)
        {
            throw Refusal.Conflict(resource.Plural, resource.Group, name, string.Create(CultureInfo.InvariantCulture,
                $"the ResourceVersion in the precondition ({options.ResourceVersion}) does not match the ResourceVersion in record ({version}). The object might have been modified"));
        }
    }
}
