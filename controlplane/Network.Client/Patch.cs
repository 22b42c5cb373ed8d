using System.Text.Json.Nodes;

namespace Network.Client;

/// <summary>A patch body with the media type that says how it is meant.</summary>
public sealed record Patch(string MediaType, string Body)
{
    /// <summary>RFC 7386: null removes a field.</summary>
    public static Patch Merge(JsonObject body) => new("application/merge-patch+json", body.ToJsonString());

    /// <summary>Kubernetes strategic merge: lists with merge keys are merged element by element.</summary>
    public static Patch Strategic(JsonObject body) => new("application/strategic-merge-patch+json", body.ToJsonString());

    /// <summary>RFC 6902.</summary>
    public static Patch Json(JsonArray operations) => new("application/json-patch+json", operations.ToJsonString());
}
