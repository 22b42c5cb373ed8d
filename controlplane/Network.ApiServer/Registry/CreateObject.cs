using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Registry;

/// <summary>Creates an object: defaults, admission, identity, validation, allocation, one write.</summary>
internal static class CreateObject
{
    private const int NameAttempts = 8;

    public static async ValueTask<StoreEntry> CreateAsync(this ObjectRegistry registry, WriteContext context, JsonObject value)
    {
        var (resource, strategy) = (context.Resource, registry.StrategyOf(context.Resource));
        Identify(context, value);
        strategy.Default(value);
        var admission = new AdmissionRequest(context, AdmissionOperation.Create, value, null);
        await registry.Admission.AdmitAsync(admission);
        if (admission.Changed)
            Identify(context, value);
        strategy.PrepareForCreate(value);
        Stamp(registry, value.Child("metadata"));
        if (resource.Has(ResourceTraits.Generation))
            value.Child("metadata")["generation"] = 1;

        var metadata = value.Child("metadata");
        var generated = metadata.Text("name").Length == 0 ? metadata.Text("generateName") : "";
        for (var attempt = 1; ; attempt++)
        {
            if (generated.Length > 0)
                metadata["name"] = ObjectNames.Generate(generated);
            var entry = await PutAsync(registry, admission);
            if (entry is not null)
            {
                if (resource is { Plural: "namespaces", Group: "" } && !context.DryRun)
                    await registry.FillNamespaceAsync(metadata.Text("name"));
                return entry;
            }

            if (generated.Length == 0)
                throw Refusal.AlreadyExists(resource.Plural, resource.Group, metadata.Text("name"));
            if (attempt == NameAttempts)
                throw Refusal.GenerateNameExhausted(resource.Plural, resource.Group, metadata.Text("name"));
        }
    }

    private static void Identify(WriteContext context, JsonObject value)
    {
        var metadata = value.Child("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 } and not "0")
            throw Refusal.BadRequest("resourceVersion should not be set on objects to be created");
        foreach (var name in (ReadOnlySpan<string>)["uid", "creationTimestamp", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"])
            metadata.Remove(name);
        if (!context.OwnManagedFields)
            metadata.Remove("managedFields");
        if (context.Resource.Namespaced)
            metadata["namespace"] = context.Namespace;
        else
            metadata.Remove("namespace");
        value["kind"] = context.Resource.Kind;
        value["apiVersion"] = context.Resource.ApiVersion;
    }

    // What an object is born with; until admission is over it is only a wish.
    private static void Stamp(ObjectRegistry registry, JsonObject metadata)
    {
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = WireTime.Format(registry.Time.GetUtcNow());
    }

    private static async ValueTask<StoreEntry?> PutAsync(ObjectRegistry registry, AdmissionRequest admission)
    {
        var (context, value) = (admission.Context, admission.Value);
        var (resource, strategy) = (context.Resource, registry.StrategyOf(context.Resource));
        var faults = new List<FieldFault>();
        MetadataRules.Check(resource, value, faults);
        RequiredFields.Check(value, resource.Schema, "", faults);
        strategy.Validate(value, faults);
        var name = value["metadata"].Text("name");
        if (faults.Count > 0)
            throw Refusal.Invalid(resource.Kind, resource.Group, name, faults);
        await registry.Admission.JudgeAsync(admission);
        var key = resource.Key(context.Namespace, name);
        if (registry.Store.Get(key) is not null)
            return null;
        await registry.Admission.ChargeAsync(admission);

        var allocation = await strategy.AllocateAsync(context, value, null);
        ManagedFields.Track(context, value, null, registry.Time);
        var bytes = ObjectBytes.Encode(resource, value);
        if (context.DryRun)
            return new StoreEntry(key, bytes, 0, 0);
        var entry = await registry.Store.PutAsync(key, bytes, 0, strategy.TimeToLive, CancellationToken.None);
        if (entry is null && allocation is not null)
            await allocation.DisposeAsync();
        return entry;
    }
}
