using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;
using Network.ApiServer.Http;

namespace Network.ApiServer.Subresources;

/// <summary>May I, may they, and what may I (kubectl auth can-i).</summary>
internal sealed class AccessReviews(RbacAuthorizer rbac)
{
    public async Task SelfAsync(ApiRequest request)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        await AnswerAsync(request, review, request.User);
    }

    public async Task SubjectAsync(ApiRequest request)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        await AnswerAsync(request, review, new UserInfo(review.Text("spec", "user"), [.. review.Texts("spec", "groups")]));
    }

    public async Task RulesAsync(ApiRequest request)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        IdentityReviews.Name(request, review);
        var rules = rbac.RulesFor(request.User, review.Text("spec", "namespace")).ToList();
        review["status"] = new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. rules.Where(r => r.Resources.Count > 0).Select(ResourceRule)]),
            ["nonResourceRules"] = new JsonArray([.. rules.Where(r => r.Paths.Count > 0).Select(PathRule)]),
            ["incomplete"] = false,
        };
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    private static JsonNode ResourceRule(PolicyRule rule)
    {
        var value = new JsonObject { ["verbs"] = Texts(rule.Verbs), ["apiGroups"] = Texts(rule.Groups), ["resources"] = Texts(rule.Resources) };
        if (rule.Names.Count > 0)
            value["resourceNames"] = Texts(rule.Names);
        return value;
    }

    private static JsonNode PathRule(PolicyRule rule) => new JsonObject { ["verbs"] = Texts(rule.Verbs), ["nonResourceURLs"] = Texts(rule.Paths) };

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private async Task AnswerAsync(ApiRequest request, JsonObject review, UserInfo user)
    {
        IdentityReviews.Name(request, review);
        var allowed = rbac.Allows(user, Read(review["spec"]));
        review["status"] = new JsonObject { ["allowed"] = allowed };
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    private static AccessRequest Read(JsonNode? spec)
    {
        if (spec.At("nonResourceAttributes") is { } path)
            return new AccessRequest(path.Text("verb")) { Path = path.Text("path") };
        var attributes = spec.At("resourceAttributes");
        return new AccessRequest(attributes.Text("verb"))
        {
            Group = attributes.Text("group"), Resource = attributes.Text("resource"), Subresource = attributes.Text("subresource"),
            Namespace = attributes.Text("namespace"), Name = attributes.Text("name"),
        };
    }
}
