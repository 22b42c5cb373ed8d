using System.Text.Json.Nodes;

namespace Network.ApiServer.Authentication;

/// <summary>Who sent a request.</summary>
internal sealed record UserInfo(string Name, IReadOnlyList<string> Groups)
{
    public static UserInfo Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>The server itself, for the objects it creates on its own.</summary>
    public static UserInfo Loopback { get; } = new("system:apiserver", ["system:masters", "system:authenticated"]);

    public string Uid { get; init; } = "";

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    public JsonObject ToJson()
    {
        var user = new JsonObject { ["username"] = Name };
        if (Uid.Length > 0)
            user["uid"] = Uid;
        user["groups"] = new JsonArray([.. Groups.Select(g => (JsonNode)g)]);
        if (Extra.Count > 0)
            user["extra"] = new JsonObject(Extra.Select(e => KeyValuePair.Create<string, JsonNode?>(e.Key, new JsonArray([.. e.Value.Select(v => (JsonNode)v)]))));
        return user;
    }
}
