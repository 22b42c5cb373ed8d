using Network.Api.Errors;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>Refuses what no authorizer allows, in upstream's words.</summary>
internal sealed class AccessCheck(IAuthorizer authorizer)
{
    public void Require(UserInfo user, AccessRequest request)
    {
        var decision = authorizer.Decide(user, request);
        if (decision.Allowed)
            return;
        if (request.Path.Length > 0)
            throw Refusal.ForbiddenPath(user.Name, request.Verb, request.Path);
        throw Refusal.Forbidden(request.Resource, request.Group, request.Name, request.Refused(user, decision.Reason));
    }
}
