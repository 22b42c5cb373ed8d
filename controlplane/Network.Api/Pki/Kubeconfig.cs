using System.Text;

namespace Network.Api.Pki;

/// <summary>Writes kubeconfig files (v1 Config) with everything inline, so that one file can be handed to kubectl.</summary>
public static class Kubeconfig
{
    public static string Render(string cluster, string user, Uri server, string authority, PemPair credentials) => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: {cluster}
          cluster:
            server: {server.GetLeftPart(UriPartial.Authority)}
            certificate-authority-data: {Base64(authority)}
        users:
        - name: {user}
          user:
            client-certificate-data: {Base64(credentials.Certificate)}
            client-key-data: {Base64(credentials.Key)}
        contexts:
        - name: {cluster}
          context:
            cluster: {cluster}
            user: {user}
        current-context: {cluster}

        """;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
