using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>Refuses what RBAC does not allow, in upstream's words.</summary>
internal sealed class AccessCheck(RbacAuthorizer rbac)
{
    public void Require(UserInfo user, AccessRequest request)
    {
        if (rbac.Allows(user, request))
            return;
        if (request.Path.Length > 0)
            throw Refusal.ForbiddenPath(user.Name, request.Verb, request.Path);
        var where = request.Namespace.Length > 0 ? $"in the namespace \"{request.Namespace}\"" : "at the cluster scope";
        throw Refusal.Forbidden(request.Resource, request.Group, request.Name,
            $"User \"{user.Name}\" cannot {request.Verb} resource \"{request.FullResource}\" in API group \"{request.Group}\" {where}");
    }

    /// <summary>kubectl --as: the caller becomes somebody else, if it may impersonate them.</summary>
    public UserInfo Impersonate(HttpContext http, UserInfo user)
    {
        var headers = http.Request.Headers;
        var name = headers["Impersonate-User"].ToString();
        var groups = headers["Impersonate-Group"].OfType<string>().ToList();
        if (name.Length == 0)
            return groups.Count == 0 ? user : throw Refusal.BadRequest("requested impersonation without a user: Impersonate-Group needs Impersonate-User");
        var parts = name.Split(':');
        var account = parts is ["system", "serviceaccount", _, _];
        Require(user, account
            ? new AccessRequest("impersonate") { Resource = "serviceaccounts", Namespace = parts[2], Name = parts[3] }
            : new AccessRequest("impersonate") { Resource = "users", Name = name });
        foreach (var group in groups)
            Require(user, new AccessRequest("impersonate") { Resource = "groups", Name = group });
        if (account && groups.Count == 0)
            return ServiceAccountTokens.Account(parts[2], parts[3]);
        var everybody = name == UserInfo.Anonymous.Name ? "system:unauthenticated" : "system:authenticated";
        return new UserInfo(name, [.. groups.Where(g => g != everybody), everybody]);
    }
}
