using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Http;

namespace Network.ApiServer.Subresources;

/// <summary>Who am I, and whose token is this.</summary>
internal sealed class IdentityReviews(Authenticator authenticator)
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
        var token = review.Text("spec", "token");
        if (token.Length == 0)
            throw Refusal.BadRequest("token is required for TokenReview in authentication");
        var audiences = review.Texts("spec", "audiences").ToList();
        var check = authenticator.CheckToken(token, audiences.Count > 0 ? audiences : null);
        var status = new JsonObject { ["authenticated"] = check.User is not null };
        if (check.User is null)
            status["error"] = check.Fault == "invalid bearer token" ? "[invalid bearer token]" : $"[invalid bearer token, {check.Fault}]";
        else
            status["user"] = check.User.ToJson();
        if (check.User is not null && check.Audiences.Count > 0)
            status["audiences"] = new JsonArray([.. check.Audiences.Select(a => (JsonNode)a)]);
        review["status"] = status;
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    internal static void Name(ApiRequest request, JsonObject review)
    {
        review["kind"] = request.Target.Resource.Kind;
        review["apiVersion"] = request.Target.Resource.ApiVersion;
        review.Default("metadata", new JsonObject { ["creationTimestamp"] = null });
    }
}
