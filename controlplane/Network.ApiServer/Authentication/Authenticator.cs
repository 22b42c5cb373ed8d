using Microsoft.AspNetCore.Http;
using Network.Api.Errors;

namespace Network.ApiServer.Authentication;

/// <summary>Who is asking: a token beats a certificate beats nobody; something presented but wrong is refused, never downgraded.</summary>
internal sealed class Authenticator(CertificateAuthenticator certificates, ServiceAccountTokens tokens, BootstrapTokens bootstrap)
{
    /// <exception cref="ApiException">401, the credentials are not valid.</exception>
    public UserInfo Authenticate(HttpContext http)
    {
        var authorization = http.Request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            return CheckToken(authorization["Bearer ".Length..].Trim(), null).User ?? throw Refusal.Unauthorized();
        if (http.Connection.ClientCertificate is { } certificate)
            return certificates.Authenticate(certificate) ?? throw Refusal.Unauthorized();
        return UserInfo.Anonymous;
    }

    /// <summary>Whose token this is, for these audiences or for this server.</summary>
    public TokenCheck CheckToken(string token, IReadOnlyList<string>? audiences)
    {
        if (!BootstrapTokens.Looks(token))
            return tokens.Check(token, audiences);
        var user = bootstrap.Authenticate(token);
        return new(user, audiences ?? [], user is null ? "invalid bearer token" : "");
    }
}
