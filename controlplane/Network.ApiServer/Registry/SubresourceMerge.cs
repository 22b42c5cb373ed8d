using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Strategies;

namespace Network.ApiServer.Registry;

/// <summary>What a write of a subresource may change of the object.</summary>
internal static class SubresourceMerge
{
    /// <summary>Brings the subresource's part of the sent object into the old one, which is changed and returned.</summary>
    public static JsonObject Apply(string subresource, JsonObject old, JsonObject sent)
    {
        switch (subresource)
        {
            case "ephemeralcontainers":
                EphemeralContainers.Merge(old, sent);
                break;
            case "finalize":
                Copy(old.Child("spec"), sent.Child("spec"), "finalizers");
                break;
            case "approval":
                old.Child("status")["conditions"] = sent["status"].At("conditions")?.DeepClone();
                break;
            default:
                Copy(old, sent, "status");
                foreach (var name in (ReadOnlySpan<string>)["labels", "annotations", "finalizers"])
                    Copy(old.Child("metadata"), sent.Child("metadata"), name);
                break;
        }

        return old;
    }

    private static void Copy(JsonObject into, JsonObject from, string name)
    {
        if (from[name] is { } member)
            into[name] = member.DeepClone();
        else
            into.Remove(name);
    }
}
