using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>
/// Nobody gives away what they do not hold: writing a role needs all its rights or the verb escalate, binding one needs all its rights or the verb bind
/// (pkg/registry/rbac/*/policybased).
/// </summary>
internal sealed class RbacEscalation(IAuthorizer authorizer, RbacAuthorizer rbac) : IAdmission
{
    private const string Group = "rbac.authorization.k8s.io";

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        var resource = request.Context.Resource;
        if (request.Operation == AdmissionOperation.Delete || resource.Group != Group || request.Context.User.Groups.Contains("system:masters"))
            return default;
        if (resource.Plural is "roles" or "clusterroles")
            CheckRole(request);
        else
            CheckBinding(request);
        return default;
    }

    private void CheckRole(AdmissionRequest request)
    {
        var context = request.Context;
        if (request.Old is { } old && JsonNode.DeepEquals(old["rules"], request.Value["rules"]) && JsonNode.DeepEquals(old["aggregationRule"], request.Value["aggregationRule"]))
            return;
        if (authorizer.Decide(context.User, new AccessRequest("escalate") { Group = Group, Resource = context.Resource.Plural, Namespace = context.Namespace, Name = request.Name }).Allowed)
            return;
        // An aggregated role can come to hold anything.
        if (request.Value["aggregationRule"] is not null && RuleCoverage.Missing(rbac.RulesFor(context.User, context.Namespace), PolicyRule.Everything).Count > 0)
            throw Refusal.Forbidden(context.Resource.Plural, Group, request.Name, "must have cluster-admin privileges to use the aggregationRule");
        Confirm(request, request.Value.Items("rules").Select(PolicyRule.From));
    }

    private void CheckBinding(AdmissionRequest request)
    {
        var (context, value) = (request.Context, request.Value);
        if (request.Old is { } old && JsonNode.DeepEquals(old["roleRef"], value["roleRef"]) && JsonNode.DeepEquals(old["subjects"], value["subjects"]))
            return;
        var (kind, name) = (value.Text("roleRef", "kind"), value.Text("roleRef", "name"));
        var plural = kind == "Role" ? "roles" : "clusterroles";
        if (authorizer.Decide(context.User, new AccessRequest("bind") { Group = Group, Resource = plural, Namespace = context.Namespace, Name = name }).Allowed)
            return;
        Confirm(request, rbac.RulesOf(value["roleRef"], context.Namespace) ?? throw Refusal.NotFound(plural, Group, name));
    }

    private void Confirm(AdmissionRequest request, IEnumerable<PolicyRule> wanted)
    {
        UserInfo user = request.Context.User;
        var missing = RuleCoverage.Missing(rbac.RulesFor(user, request.Context.Namespace), wanted);
        if (missing.Count == 0)
            return;
        throw Refusal.Forbidden(request.Context.Resource.Plural, Group, request.Name,
            $"user \"{user.Name}\" (groups={RuleCoverage.Quote(user.Groups)}) is attempting to grant RBAC permissions not currently held:\n{string.Join('\n', missing)}");
    }
}
