using System.Text.Json.Nodes;

namespace Network.ApiServer.Registry;

/// <summary>Who owns which field.</summary>
internal static class ManagedFields
{
    /// <summary>Records the fields this write changed under its manager.</summary>
    public static void Track(WriteContext context, JsonObject value, JsonObject? old, TimeProvider time)
    {
        _ = (context, value, old, time);
    }
}
