using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Http;

namespace Network.ApiServer.Subresources;

/// <summary>Who am I, and whose token is this.</summary>
internal sealed class IdentityReviews(ServiceAccountTokens tokens)
{
    public async Task SelfAsync(ApiRequest request)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        Name(request, review);
        review["status"] = new JsonObject { ["userInfo"] = request.User.ToJson() };
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    public async Task TokenAsync(ApiRequest request)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        Name(request, review);
        var audiences = review.Texts("spec", "audiences").ToList();
        var user = tokens.Authenticate(review.Text("spec", "token"), audiences.Count > 0 ? audiences : null);
        review["status"] = user is null
            ? new JsonObject { ["authenticated"] = false, ["error"] = "[invalid bearer token]" }
            : new JsonObject { ["authenticated"] = true, ["user"] = user.ToJson(), ["audiences"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]) };
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    internal static void Name(ApiRequest request, JsonObject review)
    {
        review["kind"] = request.Target.Resource.Kind;
        review["apiVersion"] = request.Target.Resource.ApiVersion;
        review.Default("metadata", new JsonObject { ["creationTimestamp"] = null });
    }
}
