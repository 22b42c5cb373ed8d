using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>
/// What is special about a kind; the generic registry does the rest. Methods change the object in place. Order of a create: <see cref="Default"/>,
/// admission, <see cref="PrepareForCreate"/>, <see cref="Validate"/>, <see cref="AllocateAsync"/>; of an update: <see cref="Default"/>,
/// <see cref="PrepareForUpdate"/>, <see cref="Validate"/> and <see cref="ValidateUpdate"/>, <see cref="AllocateAsync"/>.
/// </summary>
internal abstract class Strategy
{
    /// <summary>Fills what the client left out.</summary>
    public virtual void Default(JsonObject value)
    {
    }

    /// <summary>Clears what clients may not set.</summary>
    public virtual void PrepareForCreate(JsonObject value) => value.Remove("status");

    /// <summary>Puts back what clients may not change.</summary>
    public virtual void PrepareForUpdate(JsonObject value, JsonObject old)
    {
    }

    public virtual void Validate(JsonObject value, List<FieldFault> faults)
    {
    }

    public virtual void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
    }

    /// <summary>Judges a write of the status subresource.</summary>
    public virtual void ValidateStatus(JsonObject value, List<FieldFault> faults)
    {
    }

    /// <summary>
    /// Takes resources outside the object (addresses, ports). <paramref name="old"/> is null for a create. The returned undo runs when the write fails.
    /// </summary>
    public virtual ValueTask<IAsyncDisposable?> AllocateAsync(WriteContext context, JsonObject value, JsonObject? old) => default;

    /// <summary>Runs after the object is gone from the store.</summary>
    public virtual ValueTask ReleaseAsync(WriteContext context, JsonObject old) => default;

    /// <summary>Seconds of grace for a delete; null means the object goes at once.</summary>
    public virtual long? GraceSeconds(JsonObject value, long? requested) => null;

    /// <summary>How long objects live; null is for ever.</summary>
    public virtual TimeSpan? TimeToLive => null;
}

/// <summary>Storage with the checks every kind has.</summary>
internal sealed class PlainStrategy(bool keepsStatus) : Strategy
{
    public override void PrepareForCreate(JsonObject value)
    {
        if (!keepsStatus)
            value.Remove("status");
    }
}
