using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;
using Network.ApiServer.Http;

namespace Network.ApiServer.Subresources;

/// <summary>May I, may they, and what may I (kubectl auth can-i).</summary>
internal sealed class AccessReviews(IAuthorizer authorizer, RbacAuthorizer rbac)
{
    public async Task SelfAsync(ApiRequest request)
    {
        var review = await ReadAsync(request, false);
        await AnswerAsync(request, review, request.User);
    }

    public async Task SubjectAsync(ApiRequest request)
    {
        var review = await ReadAsync(request, true);
        await AnswerAsync(request, review, Subject(review));
    }

    public async Task LocalAsync(ApiRequest request)
    {
        var review = await ReadAsync(request, true);
        if (review.Text("spec", "resourceAttributes", "namespace") != request.Target.Namespace)
        {
            throw Invalid(request, FieldFault.Invalid("spec.resourceAttributes.namespace", review.Text("spec", "resourceAttributes", "namespace"),
                "must match metadata.namespace"));
        }

        await AnswerAsync(request, review, Subject(review));
    }

    public async Task RulesAsync(ApiRequest request)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        IdentityReviews.Name(request, review);
        var ns = review.Text("spec", "namespace");
        if (ns.Length == 0)
            throw Refusal.BadRequest("no namespace on request");
        var rules = rbac.RulesFor(request.User, ns);
        var isNode = NodeIdentity.Of(request.User) is not null;
        review["status"] = new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. rules.Where(r => r.Resources.Count > 0).Select(ResourceRule)]),
            ["nonResourceRules"] = new JsonArray([.. rules.Where(r => r.Paths.Count > 0).Select(PathRule)]),
            ["incomplete"] = isNode,
        };
        if (isNode)
            review["status"]!["evaluationError"] = "node authorizer does not support user rule resolution";
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    private static UserInfo Subject(JsonObject review) => new(review.Text("spec", "user"), [.. review.Texts("spec", "groups")])
    {
        Uid = review.Text("spec", "uid"),
        Extra = (review.At("spec", "extra") as JsonObject ?? []).ToDictionary(e => e.Key, e => (IReadOnlyList<string>)[.. e.Value.Texts()]),
    };

    private static async Task<JsonObject> ReadAsync(ApiRequest request, bool aboutSomebody)
    {
        var review = await RequestBody.ReadObjectAsync(request, request.Target.Resource.Schema);
        var (resource, path) = (review.At("spec", "resourceAttributes"), review.At("spec", "nonResourceAttributes"));
        if (resource is not null && path is not null)
            throw Invalid(request, FieldFault.Invalid("spec.nonResourceAttributes", path.DeepClone(), "cannot be specified in combination with resourceAttributes"));
        if (resource is null && path is null)
            throw Invalid(request, FieldFault.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        if (aboutSomebody && review.Text("spec", "user").Length == 0 && !review.Texts("spec", "groups").Any())
            throw Invalid(request, FieldFault.Invalid("spec.user", "", "at least one of user or group must be specified"));
        return review;
    }

    private static ApiException Invalid(ApiRequest request, FieldFault fault) =>
        Refusal.Invalid(request.Target.Resource.Kind, request.Target.Resource.Group, "", [fault]);

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
        var decision = authorizer.Decide(user, Read(review["spec"]));
        var status = new JsonObject { ["allowed"] = decision.Allowed };
        if (decision.Reason is { Length: > 0 })
            status["reason"] = decision.Reason;
        review["status"] = status;
        await ObjectResponse.WriteAsync(request.Http, 201, review, request.Format with { Shape = ResponseShape.Object });
    }

    private static AccessRequest Read(JsonNode? spec)
    {
        if (spec.At("nonResourceAttributes") is { } path)
            return new AccessRequest(path.Text("verb")) { Path = path.Text("path") };
        var attributes = spec.At("resourceAttributes");
        var node = attributes.Items("fieldSelector", "requirements").FirstOrDefault(r => r.Text("key") == "spec.nodeName" && r.Text("operator") == "In");
        return new AccessRequest(attributes.Text("verb"))
        {
            Group = attributes.Text("group"), Resource = attributes.Text("resource"), Subresource = attributes.Text("subresource"),
            Namespace = attributes.Text("namespace"), Name = attributes.Text("name"), OnlyNode = node.Texts("values").FirstOrDefault() ?? "",
        };
    }
}
