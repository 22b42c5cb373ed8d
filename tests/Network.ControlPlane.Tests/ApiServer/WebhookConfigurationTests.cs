using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Xunit;

namespace Network.ControlPlane.Tests.ApiServer;

/// <summary>What a webhook configuration may say, what it says when it says nothing, and what the server tells about its webhooks.</summary>
public sealed class WebhookConfigurationTests(WebhookConfigurationTests.AuditedFixture server) : IClassFixture<WebhookConfigurationTests.AuditedFixture>
{
    private const string Kind = "ValidatingWebhookConfiguration";

    [Fact]
    public async Task Defaults_are_upstreams()
    {
        using var admin = server.Server.Admin();
        const string Bare = """{"name":"a.example.com","clientConfig":{"service":{"namespace":"n","name":"s"}},"sideEffects":"None","admissionReviewVersions":["v1"],"rules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["nothings"]}]}""";
        var (code, mutating) = await admin.SendAsync("POST", WebhookSetup.Path("MutatingWebhookConfiguration"), WebhookSetup.Body("MutatingWebhookConfiguration", "defaults", Bare));
        Assert.True(code == 201, mutating.ToJsonString());
        var hook = mutating["webhooks"]![0]!;
        Assert.Equal(("Fail", "Equivalent", 10, "Never", "*", 443, "{}", "{}"), ((string)hook["failurePolicy"]!, (string)hook["matchPolicy"]!, (int)hook["timeoutSeconds"]!,
            (string)hook["reinvocationPolicy"]!, (string)hook["rules"]![0]!["scope"]!, (int)hook["clientConfig"]!["service"]!["port"]!,
            hook["namespaceSelector"]!.ToJsonString(), hook["objectSelector"]!.ToJsonString()));
        var (_, validating) = await admin.SendAsync("POST", WebhookSetup.Path(Kind), WebhookSetup.Body(Kind, "defaults", Bare));
        Assert.Null(validating["webhooks"]![0]!["reinvocationPolicy"]);
    }

    [Theory]
    [InlineData("name", "\"hook\"", "webhooks[0].name: Invalid value: \"hook\": should be a domain with at least three segments separated by dots")]
    [InlineData("sideEffects", "\"Some\"", "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"")]
    [InlineData("sideEffects", "null", "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun")]
    [InlineData("admissionReviewVersions", "[\"v1beta1\"]", "webhooks[0].admissionReviewVersions: Invalid value: [\"v1beta1\"]: must include at least one of v1")]
    [InlineData("timeoutSeconds", "31", "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds")]
    [InlineData("failurePolicy", "\"Maybe\"", "webhooks[0].failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\"")]
    [InlineData("clientConfig", "{\"url\":\"http://h/\"}", "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]")]
    [InlineData("clientConfig", "{\"url\":\"https://me@h/?q=1#f\"}", "webhooks[0].clientConfig.url: Invalid value: \"me\": user information is not permitted in the URL")]
    [InlineData("clientConfig", "{\"url\":\"https://h/?q=1\"}", "webhooks[0].clientConfig.url: Invalid value: \"q=1\": query parameters are not permitted in the URL")]
    [InlineData("clientConfig", "{}", "webhooks[0].clientConfig: Required value: exactly one of url or service is required")]
    [InlineData("clientConfig", "{\"service\":{\"namespace\":\"n\",\"name\":\"s\",\"path\":\"a\"}}", "webhooks[0].clientConfig.service.path: Invalid value: \"a\": must start with a '/'")]
    [InlineData("rules", "[{\"operations\":[\"READ\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"]}]", "webhooks[0].rules[0].operations[0]: Unsupported value: \"READ\"")]
    [InlineData("rules", "[{\"operations\":[\"*\"],\"apiGroups\":[\"\",\"*\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"]}]", "if '*' is present, must not specify other API groups")]
    [InlineData("rules", "[{\"operations\":[\"*\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"]}]", "webhooks[0].rules[0].resources: Required value")]
    [InlineData("rules", "[{\"operations\":[\"*\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods/*\",\"pods/exec\"]}]", "if 'pods/*' is present, must not specify pods/exec")]
    [InlineData("objectSelector", "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\"}]}", "webhooks[0].objectSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'")]
    [InlineData("matchConditions", "[{\"name\":\"c\",\"expression\":\"true\"}]", "webhooks[0].matchConditions: Forbidden: match conditions are CEL expressions, which this server does not evaluate")]
    public async Task What_could_not_work_is_refused_by_field(string field, string value, string fault)
    {
        using var admin = server.Server.Admin();
        var hook = JsonNode.Parse(WebhookSetup.Hook("""{"url":"https://h/"}""", "a", "n"))!;
        hook[field] = JsonNode.Parse(value);
        var (code, status) = await admin.SendAsync("POST", WebhookSetup.Path(Kind), WebhookSetup.Body(Kind, "refused", hook.ToJsonString()));
        Assert.Equal(422, code);
        Assert.Contains(fault, (string)status["message"]!);
    }

    [Fact]
    public async Task Names_are_unique_within_a_configuration()
    {
        using var admin = server.Server.Admin();
        var hook = WebhookSetup.Hook("""{"url":"https://h/"}""", "twin", "n");
        var (code, status) = await admin.SendAsync("POST", WebhookSetup.Path(Kind), WebhookSetup.Body(Kind, "twins", hook, hook));
        Assert.Equal((422, $"{Kind}.admissionregistration.k8s.io \"twins\" is invalid: webhooks[1].name: Duplicate value: \"twin.example.com\""), (code, (string)status["message"]!));
    }

    [Fact]
    public async Task The_audit_log_says_what_webhooks_did_and_noted()
    {
        await using var hook = new WebhookServer();
        using var admin = server.Server.Admin();
        var ns = await admin.NamespaceAsync("noted");
        await admin.MutatingAsync("noted", WebhookSetup.Hook(hook, "noted", "noted"), WebhookSetup.Hook("""{"url":"https://127.0.0.1:1/"}""", "open", "noted", more: "\"failurePolicy\":\"Ignore\""));
        hook.Answer = _ =>
        {
            var patch = WebhookServer.Patch("""[{"op":"add","path":"/data/x","value":"1"}]""");
            patch["auditAnnotations"] = new JsonObject { ["why"] = "because" };
            return patch;
        };
        Assert.Equal(201, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"))).Code);
        JsonNode? notes = null;
        await TestKit.Eventually.TrueAsync(() => (notes = server.Server.AuditLines().Select(line => JsonNode.Parse(line)!)
            .FirstOrDefault(line => (string?)line["requestURI"] == $"{ns}/configmaps" && (string)line["stage"]! == "ResponseComplete")?["annotations"]) is not null, TimeSpan.FromSeconds(10));
        Assert.Equal("because", (string)notes!["noted.example.com/why"]!);
        // The index counts the webhooks of all configurations.
        var marks = notes.AsObject().Where(note => note.Key.Contains("mutation.webhook.admission.k8s.io/round_0_index_")).ToLookup(note => note.Key.Split('/')[0], note => (string)note.Value!);
        Assert.Contains("""{"configuration":"noted","webhook":"noted.example.com","mutated":true}""", marks["mutation.webhook.admission.k8s.io"]);
        Assert.Equal(["open.example.com"], marks["failed-open.mutation.webhook.admission.k8s.io"]);
    }

    [Fact]
    public async Task Metrics_count_calls_and_refusals_under_upstreams_names()
    {
        var seen = new System.Collections.Concurrent.ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name.StartsWith("apiserver_admission_webhook", StringComparison.Ordinal))
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Add($"{instrument.Name} {Text(tags)} {value}"));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => seen.Add($"{instrument.Name} {Text(tags)}"));
        listener.Start();
        await using var hook = new WebhookServer();
        using var admin = server.Server.Admin();
        var ns = await admin.NamespaceAsync("counted");
        await admin.ValidatingAsync("counted", WebhookSetup.Hook(hook, "counted", "counted"));
        hook.Answer = _ => WebhookServer.Deny("no", 422);
        Assert.Equal(422, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"))).Code);
        Assert.Contains("apiserver_admission_webhook_rejection_count name=counted.example.com,type=validating,operation=CREATE,error_type=no_error,rejection_code=422 1", seen);
        Assert.Contains("apiserver_admission_webhook_admission_duration_seconds name=counted.example.com,type=validating,operation=CREATE,rejected=true", seen);
        hook.Raw = () => (503, "");
        Assert.Equal(500, (await admin.SendAsync("POST", $"{ns}/configmaps", Rest.ConfigMap("a"))).Code);
        Assert.Contains("apiserver_admission_webhook_rejection_count name=counted.example.com,type=validating,operation=CREATE,error_type=calling_webhook_error,rejection_code=503 1", seen);

        static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
    }

    /// <summary>A server whose audit log keeps what webhooks note.</summary>
    public sealed class AuditedFixture : IAsyncLifetime
    {
        public ApiServerFixture Server { get; } = new() { AuditPolicy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n" };

        public ValueTask InitializeAsync() => Server.InitializeAsync();

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
