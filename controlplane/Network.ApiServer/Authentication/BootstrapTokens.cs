using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Authentication;

/// <summary>Tokens that let a new node ask for its certificate: id.secret, kept as Secrets of their own type in kube-system (KEP-130).</summary>
internal sealed partial class BootstrapTokens(ObjectRegistry registry)
{
    private const string SecretType = "bootstrap.kubernetes.io/token";
    private const string Group = "system:bootstrappers";

    public static bool Looks(string token) => Shape().IsMatch(token);

    /// <summary>The bootstrap user; null when the token is unknown, out of date or not meant for this.</summary>
    public UserInfo? Authenticate(string token)
    {
        var (id, secret) = (token[..6], token[7..]);
        var found = registry.Find(ResourceCatalog.Get("secrets"), "kube-system", "bootstrap-token-" + id);
        if (found is null || found.Text("type") != SecretType || found["metadata"].Text("deletionTimestamp").Length > 0)
            return null;
        if (Data(found, "token-id") != id || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Data(found, "token-secret")), Encoding.UTF8.GetBytes(secret)))
            return null;
        var expiration = Data(found, "expiration");
        if (expiration.Length > 0 && (WireTime.Parse(expiration) is not { } end || end <= registry.Time.GetUtcNow()))
            return null;
        if (Data(found, "usage-bootstrap-authentication") != "true")
            return null;
        var groups = Data(found, "auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return groups.All(g => ExtraGroup().IsMatch(g)) ? new UserInfo("system:bootstrap:" + id, [Group, .. groups, "system:authenticated"]) : null;
    }

    private static string Data(JsonObject secret, string key)
    {
        var text = secret.Text("data", key);
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var count) ? Encoding.UTF8.GetString(bytes, 0, count) : "";
    }

    [GeneratedRegex("^[a-z0-9]{6}\\.[a-z0-9]{16}$", RegexOptions.CultureInvariant)]
    private static partial Regex Shape();

    [GeneratedRegex("^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$", RegexOptions.CultureInvariant)]
    private static partial Regex ExtraGroup();
}
