using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>Kubelets: user system:node:NAME in group system:nodes.</summary>
internal static class NodeIdentity
{
    public const string Group = "system:nodes";
    private const string Prefix = "system:node:";

    /// <summary>The node's name; null for anybody else. Empty for somebody in the group who is no node by name.</summary>
    public static string? Of(UserInfo user) => !user.Groups.Contains(Group) ? null
        : user.Name.StartsWith(Prefix, StringComparison.Ordinal) ? user.Name[Prefix.Length..] : "";
}
