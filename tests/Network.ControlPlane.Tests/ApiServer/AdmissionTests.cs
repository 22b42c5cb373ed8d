using System.Text.Json.Nodes;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

public sealed class AdmissionTests(ApiServerFixture server) : IClassFixture<ApiServerFixture>
{
    [Fact]
    public async Task A_limit_range_completes_containers_and_refuses_what_is_too_much()
    {
        using var admin = server.Admin();
        var ns = await NamespaceAsync(admin, "limited");
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/limitranges", """
            {"metadata":{"name":"small"},"spec":{"limits":[{"type":"Container","max":{"cpu":"500m"},"default":{"memory":"64Mi"},"defaultRequest":{"cpu":"100m"}}]}}
            """)).Code);
        var (_, pod) = await admin.SendAsync("POST", $"{ns}/pods", Pod("plain"));
        var resources = pod["spec"]!["containers"]![0]!["resources"]!;
        Assert.Equal(("100m", "64Mi"), ((string)resources["requests"]!["cpu"]!, (string)resources["requests"]!["memory"]!));
        Assert.Equal(("500m", "64Mi"), ((string)resources["limits"]!["cpu"]!, (string)resources["limits"]!["memory"]!));
        Assert.Equal("LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c",
            (string)pod["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"]!);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", Pod("big", """,  "resources":{"limits":{"cpu":"1"}}"""));
        Assert.Equal((403, "pods \"big\" is forbidden: maximum cpu usage per Container is 500m, but limit is 1"), (code, (string)status["message"]!));
    }

    [Fact]
    public async Task A_quota_is_charged_exactly_under_concurrent_writers_and_refuses_the_rest()
    {
        using var admin = server.Admin();
        var ns = await NamespaceAsync(admin, "quoted");
        await admin.SendAsync("POST", $"{ns}/resourcequotas", """{"metadata":{"name":"q"},"spec":{"hard":{"pods":"5"}}}""");
        var codes = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i => (await admin.SendAsync("POST", $"{ns}/pods", Pod($"p{i}"))).Code));
        Assert.Equal(5, codes.Count(c => c == 201));
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", Pod("late"));
        Assert.Equal((403, "pods \"late\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5"), (code, (string)status["message"]!));
        Assert.Equal(403, (await admin.SendAsync("POST", $"{ns}/pods?dryRun=All", Pod("dry"))).Code);
        Assert.Equal("5", (string)(await admin.SendAsync("GET", $"{ns}/resourcequotas/q")).Body["status"]!["used"]!["pods"]!);
    }

    [Fact]
    public async Task A_quota_on_cpu_wants_pods_to_say_what_they_need()
    {
        using var admin = server.Admin();
        var ns = await NamespaceAsync(admin, "cpu-quoted");
        await admin.SendAsync("POST", $"{ns}/resourcequotas", """{"metadata":{"name":"q"},"spec":{"hard":{"requests.cpu":"1","count/configmaps":"2"}}}""");
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", Pod("vague"));
        Assert.Equal((403, "pods \"vague\" is forbidden: failed quota: q: must specify requests.cpu for: c"), (code, (string)status["message"]!));
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/pods", Pod("exact", """, "resources":{"requests":{"cpu":"600m"}}"""))).Code);
        var (over, why) = await admin.SendAsync("POST", $"{ns}/pods", Pod("more", """, "resources":{"requests":{"cpu":"600m"}}"""));
        Assert.Equal((403, "pods \"more\" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1"), (over, (string)why["message"]!));
        // kube-root-ca.crt was there before the quota.
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("one"))).Code);
        Assert.Equal(403, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("two"))).Code);
    }

    [Fact]
    public async Task Baseline_refuses_a_privileged_pod_and_lets_a_plain_one_in()
    {
        using var admin = server.Admin();
        var ns = await NamespaceAsync(admin, "based", """{"pod-security.kubernetes.io/enforce":"baseline"}""");
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", """
            {"metadata":{"name":"root"},"spec":{"hostNetwork":true,"volumes":[{"name":"h","hostPath":{"path":"/"}}],
             "containers":[{"name":"c","image":"x","securityContext":{"privileged":true,"capabilities":{"add":["NET_ADMIN"]}}}]}}
            """);
        Assert.Equal(403, code);
        Assert.Equal("pods \"root\" is forbidden: violates PodSecurity \"baseline:latest\": non-default capabilities (container \"c\" must not include \"NET_ADMIN\" in securityContext.capabilities.add), "
            + "host namespaces (hostNetwork=true), hostPath volumes (volume \"h\"), privileged (container \"c\" must not set securityContext.privileged=true)", (string)status["message"]!);
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/pods", Pod("plain"))).Code);
        Assert.Equal(422, (await admin.SendAsync("PATCH", "/api/v1/namespaces/based", """{"metadata":{"labels":{"pod-security.kubernetes.io/warn":"strict"}}}""", "application/merge-patch+json")).Code);
    }

    [Fact]
    public void Kubectl_shows_the_warnings_of_level_restricted_for_a_deployment_and_creates_it()
    {
        Requires.Tool("kubectl");
        server.Kubectl("create", "namespace", "strict");
        server.Kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/warn=restricted", "pod-security.kubernetes.io/enforce=restricted");
        var created = server.Run("-n", "strict", "create", "deployment", "web", "--image=nginx");
        Assert.Contains("deployment.apps/web created", created.Output);
        Assert.Contains("""would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "nginx" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "nginx" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "nginx" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "nginx" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")""", created.Error);
        Assert.Contains("is forbidden: violates PodSecurity", server.Run("-n", "strict", "run", "x", "--image=nginx").Error);
        server.Kubectl("-n", "strict", "create", "-f", server.Manifest("""
            apiVersion: v1
            kind: Pod
            metadata: {name: good}
            spec:
              securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
              containers:
              - {name: c, image: x, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
            """));
    }

    [Fact]
    public async Task Priority_classes_keep_to_their_range_and_pods_to_their_class()
    {
        using var admin = server.Admin();
        const string Classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
        Assert.Equal(201, (await admin.SendAsync("POST", Classes, """{"metadata":{"name":"high"},"value":1000,"globalDefault":true}""")).Code);
        Assert.Equal(422, (await admin.SendAsync("POST", Classes, """{"metadata":{"name":"huge"},"value":1000000001}""")).Code);
        Assert.Equal(422, (await admin.SendAsync("POST", Classes, """{"metadata":{"name":"system-mine"},"value":1}""")).Code);
        Assert.Equal(403, (await admin.SendAsync("POST", Classes, """{"metadata":{"name":"second"},"value":2,"globalDefault":true}""")).Code);
        var ns = await NamespaceAsync(admin, "ranked");
        var (_, pod) = await admin.SendAsync("POST", $"{ns}/pods", Pod("p"));
        Assert.Equal(("high", 1000), ((string)pod["spec"]!["priorityClassName"]!, (int)pod["spec"]!["priority"]!));
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", """{"metadata":{"name":"liar"},"spec":{"priority":7,"containers":[{"name":"c","image":"x"}]}}""");
        Assert.Equal(403, code);
        Assert.Contains("the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name", (string)status["message"]!);
        await admin.SendAsync("DELETE", $"{Classes}/high");
    }

    [Fact]
    public async Task Claims_and_ingresses_without_a_class_get_the_default_one_and_an_unknown_runtime_class_is_refused()
    {
        using var admin = server.Admin();
        var ns = await NamespaceAsync(admin, "classy");
        await admin.SendAsync("POST", "/apis/storage.k8s.io/v1/storageclasses",
            """{"metadata":{"name":"fast","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"none"}""");
        var (_, claim) = await admin.SendAsync("POST", $"{ns}/persistentvolumeclaims",
            """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");
        Assert.Equal("fast", (string)claim["spec"]!["storageClassName"]!);
        await admin.SendAsync("POST", "/apis/networking.k8s.io/v1/ingressclasses",
            """{"metadata":{"name":"edge","annotations":{"ingressclass.kubernetes.io/is-default-class":"true"}},"spec":{"controller":"x/y"}}""");
        var (_, ingress) = await admin.SendAsync("POST", "/apis/networking.k8s.io/v1/namespaces/classy/ingresses",
            """{"metadata":{"name":"i"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}}""");
        Assert.Equal("edge", (string)ingress["spec"]!["ingressClassName"]!);
        var (code, status) = await admin.SendAsync("POST", $"{ns}/pods", """{"metadata":{"name":"p"},"spec":{"runtimeClassName":"gvisor","containers":[{"name":"c","image":"x"}]}}""");
        Assert.Equal((403, "pods \"p\" is forbidden: pod rejected: RuntimeClass \"gvisor\" not found"), (code, (string)status["message"]!));
    }

    [Fact]
    public async Task Debug_containers_are_added_with_defaults_and_stay_as_they_are()
    {
        using var admin = server.Admin();
        var ns = await NamespaceAsync(admin, "debugged");
        await admin.SendAsync("POST", $"{ns}/pods", Pod("app"));
        const string Merge = "application/strategic-merge-patch+json";
        var path = $"{ns}/pods/app/ephemeralcontainers";
        var (code, pod) = await admin.SendAsync("PATCH", path, """{"spec":{"ephemeralContainers":[{"name":"debug","image":"busybox"}]}}""", Merge);
        Assert.Equal(200, code);
        Assert.Equal("Always", (string)pod["spec"]!["ephemeralContainers"]![0]!["imagePullPolicy"]!);
        Assert.Equal(422, (await admin.SendAsync("PATCH", path, """{"spec":{"ephemeralContainers":[{"name":"c","image":"busybox"}]}}""", Merge)).Code);
        var (refused, status) = await admin.SendAsync("PATCH", path, """{"spec":{"ephemeralContainers":[{"name":"debug","image":"other"}]}}""", Merge);
        Assert.Equal(422, refused);
        Assert.Contains("existing ephemeral containers \"debug\" may not be changed", (string)status["message"]!);
        Assert.Equal(200, (await admin.SendAsync("PATCH", path, """{"spec":{"ephemeralContainers":[{"name":"second","image":"busybox"}]}}""", Merge)).Code);
    }

    internal static string Pod(string name, string more = "") => $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"x"{{{more}}} }]}}""";

    private static async Task<string> NamespaceAsync(HttpClient admin, string name, string labels = "{}")
    {
        var (code, body) = await admin.SendAsync("POST", "/api/v1/namespaces", $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}} } }""");
        Assert.True(code == 201, ((JsonObject)body).ToJsonString());
        return "/api/v1/namespaces/" + name;
    }
}
