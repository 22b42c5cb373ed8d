using System.Buffers.Text;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Handlers;

/// <summary>
/// Where the next page starts: base64url of <c>{"v":"meta.k8s.io/v1","rv":N,"start":"ns/name\u0000"}</c>. Revision -1 means "the latest", the
/// inconsistent continuation after the snapshot is gone.
/// </summary>
internal sealed record ContinueToken(long Revision, string Start)
{
    public static ContinueToken Parse(string text)
    {
        try
        {
            var json = FreeJson.TryParse(Base64Url.DecodeFromChars(text));
            if (json.Text("v") == "meta.k8s.io/v1" && json.Number("rv") is { } revision && json.Text("start") is { Length: > 1 } start && !start.StartsWith('/'))
                return new ContinueToken(revision, start.TrimEnd('\0'));
        }
        catch (FormatException e)
        {
            throw Refusal.BadRequest("continue key is not valid: " + e.Message);
        }

        throw Refusal.BadRequest("continue key is not valid");
    }

    public override string ToString() =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision, ["start"] = Start + "\0" }.ToJsonString()));
}
