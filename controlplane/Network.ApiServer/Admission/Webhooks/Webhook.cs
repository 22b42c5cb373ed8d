using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>One webhook of a configuration, read once: whom to ask about what, and what its silence means.</summary>
internal sealed class Webhook(string configuration, JsonObject hook, WebhookClient client)
{
    private const int DefaultTimeoutSeconds = 10;

    public string Configuration => configuration;

    public string Name { get; } = hook.Text("name");

    public WebhookClient Client => client;

    public IReadOnlyList<WebhookRule> Rules { get; } = [.. hook.Items("rules").Select(rule => new WebhookRule(rule))];

    /// <summary>Null matches every namespace.</summary>
    public JsonObject? NamespaceSelector { get; } = Selector(hook["namespaceSelector"]);

    /// <summary>Null matches every object.</summary>
    public JsonObject? ObjectSelector { get; } = Selector(hook["objectSelector"]);

    /// <summary>A failing call lets the request through.</summary>
    public bool FailsOpen { get; } = hook.Text("failurePolicy") == "Ignore";

    /// <summary>The rules also mean the same objects under other names and versions.</summary>
    public bool Equivalent { get; } = hook.Text("matchPolicy") != "Exact";

    public bool Reinvoked { get; } = hook.Text("reinvocationPolicy") == "IfNeeded";

    public bool TakesDryRun { get; } = hook.Text("sideEffects") is "None" or "NoneOnDryRun";

    public int TimeoutSeconds { get; } = (int)(hook.Number("timeoutSeconds") ?? DefaultTimeoutSeconds);

    /// <summary>Why this webhook cannot be asked as it says; empty when it can. Only what did not pass our validation has a reason.</summary>
    public string Obstacle { get; } = hook["matchConditions"] is JsonArray { Count: > 0 } ? "match conditions (CEL) are not evaluated by this server"
        : !hook.Texts("admissionReviewVersions").Contains("v1") ? "admissionReviewVersions names no version this server speaks (v1)" : "";

    private static JsonObject? Selector(JsonNode? selector) =>
        selector is JsonObject map && (map["matchLabels"] is JsonObject { Count: > 0 } || map["matchExpressions"] is JsonArray { Count: > 0 }) ? map : null;
}
