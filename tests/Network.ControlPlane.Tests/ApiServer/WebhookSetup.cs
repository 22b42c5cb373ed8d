using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>Configurations for webhooks in tests: each looks at one namespace only, so that tests do not see each other's objects.</summary>
internal static class WebhookSetup
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1/";

    public const string ConfigMaps = """{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}""";

    public static string Hook(WebhookServer server, string name, string ns, string rules = ConfigMaps, string more = "") =>
        Hook($$"""{"url":"{{server.Url}}","caBundle":"{{server.CaBundle}}"}""", name, ns, rules, more);

    public static string Hook(string client, string name, string ns, string rules = ConfigMaps, string more = "") => $$$"""
        {"name":"{{{name}}}.example.com","clientConfig":{{{client}}},"rules":[{{{rules}}}],"sideEffects":"None","admissionReviewVersions":["v1"],
         "namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{{ns}}}"}}{{{(more.Length > 0 ? "," + more : "")}}} }
        """;

    public static Task MutatingAsync(this HttpClient admin, string name, params string[] hooks) => ConfigureAsync(admin, "MutatingWebhookConfiguration", name, hooks);

    public static Task ValidatingAsync(this HttpClient admin, string name, params string[] hooks) => ConfigureAsync(admin, "ValidatingWebhookConfiguration", name, hooks);

    public static string Body(string kind, string name, params string[] hooks) =>
        $$$"""{"apiVersion":"admissionregistration.k8s.io/v1","kind":"{{{kind}}}","metadata":{"name":"{{{name}}}"},"webhooks":[{{{string.Join(',', hooks)}}}]}""";

    public static string Path(string kind) => $"{Group}{kind.ToLowerInvariant()}s";

    /// <summary>Makes a namespace and returns its path.</summary>
    public static async Task<string> NamespaceAsync(this HttpClient admin, string name)
    {
        var (code, body) = await admin.SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        Assert.True(code == 201, ((JsonObject)body).ToJsonString());
        // What the namespace starts with is there before anybody is asked.
        await Eventually.TrueAsync(async () => (await admin.SendAsync("GET", $"/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt")).Code == 200, TimeSpan.FromSeconds(10));
        return "/api/v1/namespaces/" + name;
    }

    private static async Task ConfigureAsync(HttpClient admin, string kind, string name, string[] hooks)
    {
        var (code, body) = await admin.SendAsync("POST", Path(kind), Body(kind, name, hooks));
        Assert.True(code == 201, ((JsonObject)body).ToJsonString());
    }
}
