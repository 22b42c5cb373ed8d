using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>
/// kubectl --as: the caller becomes somebody else, if it may impersonate each part of them: user or account, groups, uid and every extra value
/// (apiserver endpoints/filters/impersonation).
/// </summary>
internal sealed class Impersonation(AccessCheck access)
{
    private const string ExtraPrefix = "Impersonate-Extra-";
    private const string AuthenticationGroup = "authentication.k8s.io";

    public UserInfo Resolve(HttpContext http, UserInfo user)
    {
        var headers = http.Request.Headers;
        var (name, uid) = (headers["Impersonate-User"].ToString(), headers["Impersonate-Uid"].ToString());
        var groups = headers["Impersonate-Group"].OfType<string>().ToList();
        var extra = Extra(headers);
        if (name.Length == 0)
        {
            return groups.Count == 0 && uid.Length == 0 && extra.Count == 0 ? user
                : throw Refusal.BadRequest("requested impersonation of groups, uid or extra without impersonating a user: Impersonate-User is missing");
        }

        var parts = name.Split(':');
        var account = parts is ["system", "serviceaccount", _, _];
        access.Require(user, account
            ? new AccessRequest("impersonate") { Resource = "serviceaccounts", Namespace = parts[2], Name = parts[3] }
            : new AccessRequest("impersonate") { Resource = "users", Name = name });
        foreach (var group in groups)
            access.Require(user, new AccessRequest("impersonate") { Resource = "groups", Name = group });
        if (uid.Length > 0)
            access.Require(user, new AccessRequest("impersonate") { Group = AuthenticationGroup, Resource = "uids", Name = uid });
        foreach (var (key, values) in extra)
        {
            foreach (var value in values)
                access.Require(user, new AccessRequest("impersonate") { Group = AuthenticationGroup, Resource = "userextras", Subresource = key, Name = value });
        }

        return new UserInfo(name, GroupsOf(name, groups, account ? parts[2] : null)) { Uid = uid, Extra = extra };
    }

    private static List<string> GroupsOf(string name, List<string> groups, string? accountNamespace)
    {
        if (accountNamespace is not null && groups.Count == 0)
            groups.AddRange(["system:serviceaccounts", $"system:serviceaccounts:{accountNamespace}"]);
        var everybody = name == UserInfo.Anonymous.Name ? "system:unauthenticated" : "system:authenticated";
        if (!groups.Contains("system:authenticated") && !groups.Contains("system:unauthenticated"))
            groups.Add(everybody);
        return groups;
    }

    // Keys travel percent-encoded in header names, which have no case.
    private static Dictionary<string, IReadOnlyList<string>> Extra(IHeaderDictionary headers) => headers
        .Where(h => h.Key.StartsWith(ExtraPrefix, StringComparison.OrdinalIgnoreCase))
        .ToDictionary(h => Uri.UnescapeDataString(h.Key[ExtraPrefix.Length..].ToLowerInvariant()), h => (IReadOnlyList<string>)[.. h.Value.OfType<string>()]);
}
