using Network.Api.Errors;
using Network.ApiServer.Auditing;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>Refuses what no authorizer allows, in upstream's words.</summary>
internal sealed class AccessCheck(IAuthorizer authorizer)
{
    /// <param name="record">Learns what was decided and why.</param>
    public void Require(UserInfo user, AccessRequest request, AuditRecord? record = null)
    {
        var decision = authorizer.Decide(user, request);
        record?.Annotate("authorization.k8s.io/decision", decision.Allowed ? "allow" : "forbid");
        record?.Annotate("authorization.k8s.io/reason", decision.Reason ?? "");
        if (decision.Allowed)
            return;
        if (request.Path.Length > 0)
            throw Refusal.ForbiddenPath(user.Name, request.Verb, request.Path);
        throw Refusal.Forbidden(request.Resource, request.Group, request.Name, request.Refused(user, decision.Reason));
    }
}
