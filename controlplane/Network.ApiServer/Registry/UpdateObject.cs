using System.Globalization;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Storage;
using Network.ApiServer.Strategies;
using Network.Store;

namespace Network.ApiServer.Registry;

/// <summary>Changes an object with a compare-and-swap loop; a change that changes nothing writes nothing.</summary>
internal static class UpdateObject
{
    // A patch without a resourceVersion races only with other writers, so it is worth retrying; upstream tries five times.
    private const int Attempts = 12;

    /// <param name="change">Gets a copy of the current object and returns the wanted one. It may run several times.</param>
    public static ValueTask<StoreEntry> UpdateAsync(this ObjectRegistry registry, WriteContext context, string name, Func<JsonObject, JsonObject> change) =>
        registry.UpdateAsync(context, name, old => ValueTask.FromResult(change(old)));

    /// <inheritdoc cref="UpdateAsync(ObjectRegistry, WriteContext, string, Func{JsonObject, JsonObject})"/>
    public static async ValueTask<StoreEntry> UpdateAsync(this ObjectRegistry registry, WriteContext context, string name, Func<JsonObject, ValueTask<JsonObject>> change)
    {
        var resource = context.Resource;
        for (var attempt = 1; ; attempt++)
        {
            var current = registry.Require(resource, context.Namespace, name);
            var old = ObjectBytes.Decode(resource, current);
            var wanted = await change((JsonObject)old.DeepClone());
            CheckRevision(resource, wanted, current, name);
            if (await TryWriteAsync(registry, context, name, (current, old, wanted)) is { } entry)
                return entry;
            if (attempt == Attempts)
                throw Refusal.Modified(resource.Plural, resource.Group, name);
        }
    }

    private static void CheckRevision(ResourceInfo resource, JsonObject wanted, StoreEntry current, string name)
    {
        var version = wanted["metadata"].Text("resourceVersion");
        if (version is "" or "0")
            return;
        if (!long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            throw Refusal.Invalid(resource.Kind, resource.Group, name, [FieldFault.Invalid("metadata.resourceVersion", version, "must be a decimal number")]);
        if (revision != current.ModRevision)
            throw Refusal.Modified(resource.Plural, resource.Group, name);
    }

    private static async ValueTask<StoreEntry?> TryWriteAsync(
        ObjectRegistry registry, WriteContext context, string name, (StoreEntry Entry, JsonObject Object, JsonObject Wanted) state)
    {
        var (current, old, value) = state;
        var (resource, strategy) = (context.Resource, registry.StrategyOf(context.Resource));
        KeepIdentity(context, value, old, name);
        var admission = new AdmissionRequest(context, AdmissionOperation.Update, value, old);
        if (context.Subresource.Length == 0)
        {
            Prepare(resource, strategy, value, old);
            await registry.Admission.AdmitAsync(admission);
            if (admission.Changed)
            {
                KeepIdentity(context, value, old, name);
                Prepare(resource, strategy, value, old);
            }

            if (resource.Has(ResourceTraits.Generation) && SpecChanged(value, old))
                value.Child("metadata")["generation"] = (old["metadata"].Number("generation") ?? 0) + 1;
            Validate(resource, strategy, value, old, name);
        }
        else
        {
            await registry.Admission.AdmitAsync(admission);
            if (admission.Changed)
                KeepRest(admission, name);
            JudgeStatus(context, strategy, value, name);
        }

        await registry.Admission.JudgeAsync(admission);
        await registry.Admission.ChargeAsync(admission);
        var allocation = context.DryRun || context.Subresource.Length > 0 ? null : await strategy.AllocateAsync(context, value, old);
        ManagedFields.Track(context, value, old, registry.Time);
        var bytes = ObjectBytes.Encode(resource, value);
        if (bytes.AsSpan().SequenceEqual(current.Value.Span))
            return current;
        if (context.DryRun)
            return current with { Value = bytes };
        if (IsReadyToGo(value, old))
            return await registry.RemoveAsync(context, current, old);
        var entry = await registry.Store.PutAsync(current.Key, bytes, current.ModRevision, strategy.TimeToLive, CancellationToken.None);
        if (entry is null && allocation is not null)
            await allocation.DisposeAsync();
        return entry;
    }

    private static void Prepare(ResourceInfo resource, Strategy strategy, JsonObject value, JsonObject old)
    {
        strategy.Default(value);
        if (resource.Has(ResourceTraits.Status))
            KeepMember(value, old, "status");
        strategy.PrepareForUpdate(value, old);
    }

    // A webhook that was asked about a subresource has a say in that part only, as its client has.
    private static void KeepRest(AdmissionRequest admission, string name)
    {
        var (context, value, old) = (admission.Context, admission.Value, admission.Old!);
        var kept = SubresourceMerge.Apply(context.Subresource, (JsonObject)old.DeepClone(), (JsonObject)value.DeepClone());
        value.Clear();
        foreach (var (member, node) in kept.ToList())
        {
            kept.Remove(member);
            value[member] = node;
        }

        KeepIdentity(context, value, old, name);
    }

    private static void JudgeStatus(WriteContext context, Strategy strategy, JsonObject value, string name)
    {
        var faults = new List<FieldFault>();
        if (context.Subresource == "status")
            strategy.ValidateStatus(value, faults);
        if (faults.Count > 0)
            throw Refusal.Invalid(context.Resource.Kind, context.Resource.Group, name, faults);
    }

    private static void Validate(ResourceInfo resource, Strategy strategy, JsonObject value, JsonObject old, string name)
    {
        var faults = new List<FieldFault>();
        MetadataRules.Check(resource, value, faults);
        RequiredFields.Check(value, resource.Schema, "", faults);
        strategy.Validate(value, faults);
        strategy.ValidateUpdate(value, old, faults);
        if (old["metadata"].Text("deletionTimestamp").Length > 0 && value["metadata"].Texts("finalizers").Except(old["metadata"].Texts("finalizers")).ToList() is { Count: > 0 } added)
            faults.Add(FieldFault.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{string.Join(", ", added.Select(a => $"\"{a}\""))}}}"));
        if (faults.Count > 0)
            throw Refusal.Invalid(resource.Kind, resource.Group, name, faults);
    }

    private static void KeepIdentity(WriteContext context, JsonObject value, JsonObject old, string name)
    {
        var (metadata, before) = (value.Child("metadata"), old.Child("metadata"));
        if (metadata.Text("uid") is { Length: > 0 } uid && uid != before.Text("uid"))
        {
            throw Refusal.Conflict(context.Resource.Plural, context.Resource.Group, name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {before.Text("uid")}");
        }

        foreach (var kept in (ReadOnlySpan<string>)["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "namespace", "name", "generateName", "resourceVersion"])
            KeepMember(metadata, before, kept);
        if (!context.OwnManagedFields && metadata["managedFields"] is null)
            KeepMember(metadata, before, "managedFields");
        value["kind"] = context.Resource.Kind;
        value["apiVersion"] = context.Resource.ApiVersion;
    }

    private static void KeepMember(JsonObject value, JsonObject old, string name)
    {
        if (old[name] is { } member)
            value[name] = member.DeepClone();
        else
            value.Remove(name);
    }

    // Generation counts intent: everything but metadata and status.
    private static bool SpecChanged(JsonObject value, JsonObject old) =>
        !JsonNode.DeepEquals(Intent(value), Intent(old));

    private static JsonObject Intent(JsonObject value)
    {
        var copy = (JsonObject)value.DeepClone();
        copy.Remove("metadata");
        copy.Remove("status");
        return copy;
    }

    // A deletion that waited for finalizers ends in the write that removes the last one.
    private static bool IsReadyToGo(JsonObject value, JsonObject old) =>
        old["metadata"].Text("deletionTimestamp").Length > 0
        && (value["metadata"].Number("deletionGracePeriodSeconds") ?? 0) == 0
        && HasFinalizers(old) && !HasFinalizers(value);

    private static bool HasFinalizers(JsonObject value) =>
        value["metadata"].At("finalizers") is JsonArray { Count: > 0 } || value["spec"].At("finalizers") is JsonArray { Count: > 0 };
}
