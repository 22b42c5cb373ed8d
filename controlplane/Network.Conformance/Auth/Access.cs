using System.Security.Cryptography.X509Certificates;
using System.Text;
using Network.Conformance.ApiMachinery;
using Network.Conformance.Clients;
using Network.Conformance.Running;

namespace Network.Conformance.Auth;

/// <summary>Who may do what: reviews, roles, certificates.</summary>
internal static class Access
{
    private const string Sig = "auth";

    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(Sig, "SubjectAccessReview and LocalSubjectAccessReview judge others", SubjectReviews),
        new(Sig, "SelfSubjectAccessReview judges oneself", SelfReview),
        new(Sig, "SelfSubjectReview tells who one is", WhoAmI),
        new(Sig, "SelfSubjectRulesReview lists what one may do", Rules),
        new(Sig, "impersonation acts with the other's rights", Impersonation) { Clients = ClientKind.Kubectl },
        new(Sig, "auth can-i answers by exit code", CanI) { Clients = ClientKind.Kubectl },
        new(Sig, "nobody gives away rights he has not", Escalation) { Clients = ClientKind.Kubectl },
        new(Sig, "certificate request: approval, denial and status", CertificateOperations),
        new(Sig, "certificate request: an approved one is signed and the certificate is good", CertificateSigned),
        new(Sig, "secret of type service-account-token is filled", TokenSecret),
    ];

    private static async Task SubjectReviews(ScenarioRun run)
    {
        await BindAsync(run, "alice").ConfigureAwait(false);
        async Task Judged(Kind kind, string user, string verb, bool allowed)
        {
            var review = await run.UntilAsync($"{user} may {verb}: {allowed}", () => run.Client.CreateAsync(kind, kind.Namespaced ? run.Namespace : null, ScenarioRun.Yaml(
                $"{{apiVersion: authorization.k8s.io/v1, kind: {kind.Name}, metadata: {{}}, spec: {{user: {user}, resourceAttributes: {{namespace: {run.Namespace}, verb: {verb}, resource: configmaps}}}}}}"), run.Cancel),
                answer => (bool?)answer["status"]?["allowed"] == allowed).ConfigureAwait(false);
            Expect.Equal(kind.Name, (string?)review["kind"], "kind of the answer");
        }

        await Judged(Kinds.SubjectAccessReviews, "alice", "get", true).ConfigureAwait(false);
        await Judged(Kinds.SubjectAccessReviews, "alice", "delete", false).ConfigureAwait(false);
        await Judged(Kinds.LocalSubjectAccessReviews, "alice", "get", true).ConfigureAwait(false);
        await Judged(Kinds.LocalSubjectAccessReviews, "bob", "get", false).ConfigureAwait(false);
    }

    private static async Task SelfReview(ScenarioRun run)
    {
        var review = await run.Client.CreateAsync(Kinds.SelfSubjectAccessReviews, null,
            ScenarioRun.Yaml("{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectAccessReview, spec: {resourceAttributes: {verb: '*', resource: '*', group: '*'}}}"), run.Cancel).ConfigureAwait(false);
        Expect.Equal("true", review["status"]?["allowed"]?.ToJsonString(), "allowed for the administrator");
    }

    private static async Task WhoAmI(ScenarioRun run)
    {
        var review = await run.Client.CreateAsync(Kinds.SelfSubjectReviews, null, ScenarioRun.Yaml("{apiVersion: authentication.k8s.io/v1, kind: SelfSubjectReview}"), run.Cancel).ConfigureAwait(false);
        var groups = review["status"]!["userInfo"]!["groups"]!.AsArray().Select(group => (string)group!).ToList();
        Expect.True(groups.Contains("system:authenticated"), "the user is in group system:authenticated");
        if (run.Client is KubectlClient kubectl && kubectl.Version >= new KubectlVersion(1, 28))
            Expect.Contains((string)review["status"]!["userInfo"]!["username"]!, await run.KubectlAsync("auth", "whoami").ConfigureAwait(false), "auth whoami");
    }

    private static async Task Rules(ScenarioRun run)
    {
        var kind = new Kind("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", false);
        var review = await run.Client.CreateAsync(kind, null, ScenarioRun.Yaml($"{{apiVersion: authorization.k8s.io/v1, kind: SelfSubjectRulesReview, spec: {{namespace: {run.Namespace}}}}}"), run.Cancel).ConfigureAwait(false);
        Expect.True(review["status"]!["resourceRules"]!.AsArray().Any(rule => rule!["verbs"]!.AsArray().Any(verb => (string?)verb == "*")), "the administrator has a rule with every verb");
    }

    private static async Task Impersonation(ScenarioRun run)
    {
        await BindAsync(run, "carol").ConfigureAwait(false);
        await run.CreateAsync(Kinds.ConfigMaps, "metadata: {name: a}").ConfigureAwait(false);
        await run.UntilAsync("carol may read", async () => (await run.KubectlClient.TryAsync(["-n", run.Namespace, "get", "configmap", "a", "--as=carol"], null, run.Cancel).ConfigureAwait(false)).Succeeded).ConfigureAwait(false);
        var refusal = await Expect.RefusedAsync("Forbidden", () => run.KubectlAsync("delete", "configmap", "a", "--as=carol"), "deleting as carol").ConfigureAwait(false);
        Expect.Contains($"configmaps \"a\" is forbidden: User \"carol\" cannot delete resource \"configmaps\" in API group \"\" in the namespace \"{run.Namespace}\"", refusal.Message, "the refusal");
        await run.KubectlAsync("delete", "configmap", "a", "--as=dave", "--as-group=system:masters").ConfigureAwait(false);
    }

    private static async Task CanI(ScenarioRun run)
    {
        await BindAsync(run, "erin").ConfigureAwait(false);
        await run.UntilAsync("erin may", async () => (await run.KubectlClient.TryAsync(["-n", run.Namespace, "auth", "can-i", "get", "configmaps", "--as=erin"], null, run.Cancel).ConfigureAwait(false)).Output.Trim() == "yes").ConfigureAwait(false);
        var no = await run.KubectlClient.TryAsync(["-n", run.Namespace, "auth", "can-i", "delete", "configmaps", "--as=erin"], null, run.Cancel).ConfigureAwait(false);
        Expect.Equal(1, no.Exit.Code, "exit code of no");
        Expect.Equal("no", no.Output.Trim(), "answer");
        Expect.Contains("configmaps", await run.KubectlAsync("auth", "can-i", "--list", "--as=erin").ConfigureAwait(false), "auth can-i --list");
    }

    private static async Task Escalation(ScenarioRun run)
    {
        await run.KubectlAsync("create", "role", "maker", "--verb=create,get,list", "--resource=roles.rbac.authorization.k8s.io").ConfigureAwait(false);
        await run.KubectlAsync("create", "rolebinding", "maker", "--role=maker", "--user=frank").ConfigureAwait(false);
        var refusal = await run.UntilAsync("frank is refused for what he has not", async () =>
        {
            var result = await run.KubectlClient.TryAsync(["-n", run.Namespace, "create", "role", "more", "--verb=delete", "--resource=secrets", "--as=frank"], null, run.Cancel).ConfigureAwait(false);
            Expect.True(!result.Succeeded, "frank is refused");
            return result.Error;
        }, error => error.Contains("is attempting to grant RBAC permissions not currently held", StringComparison.Ordinal)).ConfigureAwait(false);
        Expect.Contains("Verbs:[\"delete\"]", refusal, "the refusal");
    }

    private static async Task CertificateOperations(ScenarioRun run)
    {
        var name = run.Unique("csr");
        await run.CreateAsync(Kinds.CertificateRequests, $"{{metadata: {{name: {name}}}, spec: {{request: {SigningRequest.Example}, signerName: example.com/conformance, usages: [digital signature]}}}}").ConfigureAwait(false);
        var request = await run.GetAsync(Kinds.CertificateRequests, name, "approval").ConfigureAwait(false);
        Expect.True(request["spec"]!["username"] is not null, "the requester is noted");
        if (run.Client is KubectlClient)
            await run.KubectlAsync("certificate", "deny", name).ConfigureAwait(false);
        else
            await run.PatchAsync(Kinds.CertificateRequests, name, """{"status":{"conditions":[{"type":"Denied","status":"True","reason":"E2E","message":"no"}]}}""", subresource: "approval").ConfigureAwait(false);
        var denied = await run.GetAsync(Kinds.CertificateRequests, name).ConfigureAwait(false);
        Expect.Equal("True", CustomKind.Condition(denied, "Denied"), "condition Denied");
        await Expect.RefusedAsync("Invalid", () => run.PatchAsync(Kinds.CertificateRequests, name,
            """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"E2E","message":"yes"},{"type":"Denied","status":"True","reason":"E2E","message":"no"}]}}""", subresource: "approval"), "approving what is denied").ConfigureAwait(false);
    }

    private static async Task CertificateSigned(ScenarioRun run)
    {
        var (name, user) = (run.Unique("csr"), run.Unique("user"));
        var pem = SigningRequest.Make(user, "people", out var key);
        using (key)
        {
            await run.CreateAsync(Kinds.CertificateRequests, $"{{metadata: {{name: {name}}}, spec: {{request: {pem}, signerName: kubernetes.io/kube-apiserver-client, expirationSeconds: 3600, usages: [client auth]}}}}").ConfigureAwait(false);
            if (run.Client is KubectlClient)
                await run.KubectlAsync("certificate", "approve", name).ConfigureAwait(false);
            else
                await run.PatchAsync(Kinds.CertificateRequests, name, """{"status":{"conditions":[{"type":"Approved","status":"True","reason":"E2E","message":"yes"}]}}""", subresource: "approval").ConfigureAwait(false);
            var signed = await run.UntilAsync("the certificate is there", () => run.GetAsync(Kinds.CertificateRequests, name), seen => seen["status"]?["certificate"] is not null).ConfigureAwait(false);
            using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String((string)signed["status"]!["certificate"]!)));
            Expect.Contains($"CN={user}", certificate.Subject, "subject of the certificate");
            Expect.True(certificate.NotAfter.ToUniversalTime() <= run.Time.GetUtcNow().AddHours(2).UtcDateTime, "the certificate ends as soon as was asked");
        }
    }

    private static async Task TokenSecret(ScenarioRun run)
    {
        await run.CreateAsync(Kinds.Secrets, "{metadata: {name: s, annotations: {kubernetes.io/service-account.name: default}}, type: kubernetes.io/service-account-token}").ConfigureAwait(false);
        var filled = await run.UntilAsync("the secret is filled", () => run.GetAsync(Kinds.Secrets, "s"), secret => secret["data"]?["token"] is not null).ConfigureAwait(false);
        Expect.Equal(run.Namespace, Encoding.UTF8.GetString(Convert.FromBase64String((string)filled["data"]!["namespace"]!)), "namespace in the secret");
        Expect.True(filled["data"]!["ca.crt"] is not null, "ca.crt in the secret");
        Expect.True(filled["metadata"]!["annotations"]!["kubernetes.io/service-account.uid"] is not null, "uid of the account at the secret");
    }

    private static async Task BindAsync(ScenarioRun run, string user)
    {
        await run.CreateAsync(Kinds.Roles, "{metadata: {name: reader}, rules: [{apiGroups: [''], resources: [configmaps], verbs: [get, list]}]}").ConfigureAwait(false);
        await run.CreateAsync(Kinds.RoleBindings, $"{{metadata: {{name: reader}}, roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}}, subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: User, name: {user}}}]}}").ConfigureAwait(false);
    }
}
