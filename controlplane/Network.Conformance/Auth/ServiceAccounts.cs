using System.Text;
using System.Text.Json.Nodes;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Auth;

/// <summary>Identities of pods: accounts, their tokens, and what others can check about them.</summary>
internal static class ServiceAccounts
{
    private const string Sig = "auth";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "every namespace has the default service account and kube-root-ca.crt, and gets them back", RootCertificate),
        new(Sig, "pod gets a good token of its account, the certificate and its namespace as files", Mounted) { NeedsNode = true },
        new(Sig, "pod and account can opt out of the token", OptOut),
        new(Sig, "TokenRequest gives a token that TokenReview confirms", TokenReview),
        new(Sig, "token with an audience is good for that audience only", Audience),
        new(Sig, "token bound to a pod ends with the pod", Bound),
        new(Sig, "token of an account that is deleted is no longer good", Deleted),
        new(Sig, "issuer discovery: configuration and keys", Issuer),
    ];

    private static async Task RootCertificate(ScenarioRun run)
    {
        var authority = await run.UntilAsync("kube-root-ca.crt is there", () => run.FindAsync(Kinds.ConfigMaps, "kube-root-ca.crt"), found => found is not null).ConfigureAwait(false);
        Expect.Contains("BEGIN CERTIFICATE", (string?)authority!["data"]?["ca.crt"], "ca.crt");
        await run.DeleteAsync(Kinds.ConfigMaps, "kube-root-ca.crt").ConfigureAwait(false);
        await run.UntilAsync("kube-root-ca.crt is back", () => run.FindAsync(Kinds.ConfigMaps, "kube-root-ca.crt"),
            found => found is not null && (string?)found["metadata"]!["uid"] != (string?)authority["metadata"]!["uid"]).ConfigureAwait(false);
        await run.PatchAsync(Kinds.ConfigMaps, "kube-root-ca.crt", """{"data":{"ca.crt":"changed"}}""").ConfigureAwait(false);
        await run.UntilAsync("kube-root-ca.crt is put right", () => run.GetAsync(Kinds.ConfigMaps, "kube-root-ca.crt"),
            found => ((string?)found["data"]?["ca.crt"])?.Contains("BEGIN", StringComparison.Ordinal) == true).ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ServiceAccounts, "default").ConfigureAwait(false);
        await run.UntilAsync("account default is back", () => run.FindAsync(Kinds.ServiceAccounts, "default"), found => found is not null).ConfigureAwait(false);
    }

    private static async Task Mounted(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Pods, "{metadata: {name: p}, spec: {restartPolicy: Never, terminationGracePeriodSeconds: 0, containers: [{name: c, image: busybox, command: [sh, -c, 'cd /var/run/secrets/kubernetes.io/serviceaccount && cat namespace && echo && head -1 ca.crt && cat token']}]}}").ConfigureAwait(false);
        var lines = (await LogAsync(run, "p").ConfigureAwait(false)).Trim().Split('\n');
        Expect.Equal(run.Namespace, lines[0], "file namespace");
        Expect.Equal("-----BEGIN CERTIFICATE-----", lines[1], "first line of file ca.crt");
        var claims = Claims(lines[2].Split('.')[1]);
        Expect.Equal($"system:serviceaccount:{run.Namespace}:default", (string?)claims["sub"], "subject of the token");
        Expect.Equal("p", (string?)claims["kubernetes.io"]?["pod"]?["name"], "pod in the token");
        Expect.Equal("true", (await ReviewAsync(run, lines[2].Trim()).ConfigureAwait(false))["authenticated"]?.ToJsonString(), "the token in the file is good");
    }

    private static async Task OptOut(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ServiceAccounts, "{metadata: {name: mount}, automountServiceAccountToken: true}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.ServiceAccounts, "{metadata: {name: nomount}, automountServiceAccountToken: false}").ConfigureAwait(false);
        foreach (var (account, pod, mounted) in ((string, string, bool)[])[
            ("default", "", true), ("mount", "", true), ("nomount", "", false), ("default", "true", true), ("mount", "true", true), ("nomount", "true", true),
            ("default", "false", false), ("mount", "false", false), ("nomount", "false", false)])
        {
            var created = await run.CreateAsync(Kinds.Pods, $"{{metadata: {{generateName: p-}}, spec: {{serviceAccountName: {account}, {(pod.Length > 0 ? $"automountServiceAccountToken: {pod}, " : "")}nodeSelector: {{none: such}}, containers: [{{name: c, image: busybox}}]}}}}").ConfigureAwait(false);
            var has = created["spec"]!["containers"]![0]!["volumeMounts"]?.AsArray().Any(mount => (string?)mount!["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount") == true;
            Expect.Equal(mounted, has, $"token in a pod of account {account} with automountServiceAccountToken \"{pod}\"");
        }
    }

    private static async Task TokenReview(ScenarioRun run)
    {
        var status = await ReviewAsync(run, await TokenAsync(run, "default").ConfigureAwait(false)).ConfigureAwait(false);
        Expect.Equal("true", status["authenticated"]?.ToJsonString(), "authenticated");
        Expect.Equal($"system:serviceaccount:{run.Namespace}:default", (string?)status["user"]?["username"], "user name");
        Expect.Sequence(["system:authenticated", "system:serviceaccounts", $"system:serviceaccounts:{run.Namespace}"], status["user"]!["groups"]!.AsArray().Select(group => (string)group!).Order(StringComparer.Ordinal), "groups");
        Expect.True(status["user"]!["uid"] is not null, "the user has a uid");
        var wrong = await ReviewAsync(run, "not-a-token").ConfigureAwait(false);
        Expect.True((bool?)wrong["authenticated"] != true, "nonsense is not authenticated");
    }

    private static async Task Audience(ScenarioRun run)
    {
        var token = await TokenAsync(run, "default", "audiences: [vault]").ConfigureAwait(false);
        var plain = await ReviewAsync(run, token).ConfigureAwait(false);
        Expect.True((bool?)plain["authenticated"] != true, "the API server itself is not the audience");
        var vault = await ReviewAsync(run, token, "vault").ConfigureAwait(false);
        Expect.Equal("true", vault["authenticated"]?.ToJsonString(), "authenticated for audience vault");
        Expect.Sequence(["vault"], vault["audiences"]!.AsArray().Select(audience => (string)audience!), "audiences");
    }

    private static async Task Bound(ScenarioRun run)
    {
        var pod = await run.CreateAsync(Kinds.Pods, "{metadata: {name: p}, spec: {nodeSelector: {none: such}, containers: [{name: c, image: busybox}]}}").ConfigureAwait(false);
        var token = await TokenAsync(run, "default", $"boundObjectRef: {{apiVersion: v1, kind: Pod, name: p, uid: {pod["metadata"]!["uid"]}}}").ConfigureAwait(false);
        var status = await ReviewAsync(run, token).ConfigureAwait(false);
        Expect.Equal("p", (string?)status["user"]?["extra"]?["authentication.kubernetes.io/pod-name"]?[0], "pod in the user's extra");
        await run.DeleteAsync(Kinds.Pods, "p", new Removal(GraceSeconds: 0)).ConfigureAwait(false);
        await run.GoneAsync(Kinds.Pods, "p").ConfigureAwait(false);
        await run.UntilAsync("the token is refused", async () => (bool?)(await ReviewAsync(run, token).ConfigureAwait(false))["authenticated"] != true).ConfigureAwait(false);
    }

    private static async Task Deleted(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.ServiceAccounts, "metadata: {name: short}").ConfigureAwait(false);
        var token = await TokenAsync(run, "short").ConfigureAwait(false);
        await run.DeleteAsync(Kinds.ServiceAccounts, "short").ConfigureAwait(false);
        await run.UntilAsync("the token is refused", async () => (bool?)(await ReviewAsync(run, token).ConfigureAwait(false))["authenticated"] != true).ConfigureAwait(false);
    }

    private static async Task Issuer(ScenarioRun run)
    {
        var configuration = await run.GetJsonAsync("/.well-known/openid-configuration").ConfigureAwait(false);
        var issuer = (string?)configuration["issuer"];
        Expect.Sequence(["public"], configuration["subject_types_supported"]!.AsArray().Select(type => (string)type!), "subject_types_supported");
        var claims = Claims((await TokenAsync(run, "default").ConfigureAwait(false)).Split('.')[1]);
        Expect.Equal(issuer, (string?)claims["iss"], "issuer in a token");
        Expect.True(configuration["jwks_uri"] is not null, "jwks_uri is given");
        var keys = (await run.GetJsonAsync("/openid/v1/jwks").ConfigureAwait(false))["keys"]!.AsArray();
        Expect.True(keys.Count > 0 && keys.All(key => (string?)key!["use"] == "sig"), "there are keys for signatures");
    }

    private static async Task<string> TokenAsync(ScenarioRun run, string account, string spec = "")
    {
        if (run.Client is KubectlClient && spec.Length == 0 && run.KubectlClient.Version >= new KubectlVersion(1, 24))
            return (await run.KubectlAsync("create", "token", account).ConfigureAwait(false)).Trim();
        var request = ScenarioRun.Yaml($"{{apiVersion: authentication.k8s.io/v1, kind: TokenRequest, metadata: {{name: {account}}}, spec: {{{(spec.Length > 0 ? spec : "expirationSeconds: 3600")}}}}}");
        JsonNode answer = run.Client is KubectlClient kubectl
            ? JsonNode.Parse(await kubectl.RunAsync(["create", "--raw", Kinds.ServiceAccounts.Path(run.Namespace, account, "token"), "-f", "-"], request.ToJsonString(), run.Cancel).ConfigureAwait(false))!
            : await PostAsync(run, Kinds.ServiceAccounts.Path(run.Namespace, account, "token"), request).ConfigureAwait(false);
        return (string)answer["status"]!["token"]!;
    }

    private static async Task<JsonNode> PostAsync(ScenarioRun run, string path, JsonObject body)
    {
        using var response = await run.CSharp.ExchangeAsync(HttpMethod.Post, path, CSharpClient.Body(body.ToJsonString(), "application/json"), null, run.Cancel).ConfigureAwait(false);
        Expect.Equal(201, (int)response.StatusCode, $"status of POST {path}");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(run.Cancel).ConfigureAwait(false))!;
    }

    private static async Task<JsonNode> ReviewAsync(ScenarioRun run, string token, string? audience = null)
    {
        var review = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenReview", ["spec"] = new JsonObject { ["token"] = token } };
        if (audience is not null)
            review["spec"]!["audiences"] = new JsonArray(audience);
        return (await run.Client.CreateAsync(Kinds.TokenReviews, null, review, run.Cancel).ConfigureAwait(false))["status"]!;
    }

    private static async Task<string> LogAsync(ScenarioRun run, string pod)
    {
        await run.UntilAsync($"pod {pod} ended", () => run.GetAsync(Kinds.Pods, pod), seen => (string?)seen["status"]?["phase"] is "Succeeded" or "Failed").ConfigureAwait(false);
        return run.Client is KubectlClient ? await run.KubectlAsync("logs", pod).ConfigureAwait(false) : await run.GetRawAsync(Kinds.Pods.Path(run.Namespace, pod, "log")).ConfigureAwait(false);
    }

    private static JsonNode Claims(string part)
    {
        var text = part.Trim().Replace('-', '+').Replace('_', '/');
        return JsonNode.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='))))!;
    }
}
