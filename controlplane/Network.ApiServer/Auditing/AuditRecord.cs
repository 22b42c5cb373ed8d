using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Auditing;

/// <summary>One request as the audit log sees it; lives as a feature of the request, so that whoever reads or writes bodies can leave a copy.</summary>
internal sealed class AuditRecord(HttpContext http, AuditDecision decision, AccessRequest request, UserInfo user, DateTimeOffset received)
{
    private readonly Dictionary<string, string> _annotations = new(StringComparer.Ordinal);

    public AuditDecision Decision => decision;

    public UserInfo? Impersonated { get; set; }

    /// <summary>The request's body as JSON.</summary>
    public byte[]? RequestBody { get; set; }

    public ReadOnlyMemory<byte> ResponseBody { get; set; }

    public bool KeepsRequest => decision.Level >= AuditLevel.Request;

    public bool KeepsResponse => decision.Level == AuditLevel.RequestResponse;

    public static AuditRecord? Of(HttpContext http) => http.Features.Get<AuditRecord>();

    public void Annotate(string key, string value) => _annotations.TryAdd(key, value);

    /// <summary>The event of a stage as one line of JSON; null when the policy leaves the stage out.</summary>
    public byte[]? Line(string stage, DateTimeOffset now)
    {
        if (decision.OmitStages.Contains(stage))
            return null;
        var value = new JsonObject
        {
            ["kind"] = "Event", ["apiVersion"] = "audit.k8s.io/v1", ["level"] = decision.Level.ToString(), ["auditID"] = http.Response.Headers["Audit-Id"].ToString(),
            ["stage"] = stage, ["requestURI"] = http.Request.Path + http.Request.QueryString, ["verb"] = request.Verb, ["user"] = user.ToJson(),
        };
        if (Impersonated is not null)
            value["impersonatedUser"] = Impersonated.ToJson();
        value["sourceIPs"] = new JsonArray(http.Connection.RemoteIpAddress?.ToString());
        value["userAgent"] = http.Request.Headers.UserAgent.ToString();
        if (request.Path.Length == 0)
            value["objectRef"] = ObjectRef();
        if (stage != "RequestReceived")
            AddOutcome(value, stage);
        value["requestReceivedTimestamp"] = WireTime.Format(received, true);
        value["stageTimestamp"] = WireTime.Format(now, true);
        if (_annotations.Count > 0)
            value["annotations"] = new JsonObject(_annotations.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value)));
        return Encoding.UTF8.GetBytes(value.ToJsonString() + "\n");
    }

    private void AddOutcome(JsonObject value, string stage)
    {
        var status = new JsonObject { ["metadata"] = new JsonObject(), ["code"] = http.Response.StatusCode };
        var response = Parse(ResponseBody);
        if (http.Response.StatusCode >= 400 && response.Text("kind") == "Status")
        {
            foreach (var field in (ReadOnlySpan<string>)["status", "message", "reason"])
                status[field] = response.Text(field);
        }

        value["responseStatus"] = status;
        if (KeepsRequest && Parse(RequestBody) is { } sent)
            value["requestObject"] = Trim(sent);
        if (KeepsResponse && stage == "ResponseComplete" && response is not null)
            value["responseObject"] = Trim(response);
    }

    private JsonObject ObjectRef()
    {
        var reference = new JsonObject { ["resource"] = request.Resource };
        var parts = new[] { ("namespace", request.Namespace), ("name", request.Name), ("apiGroup", request.Group), ("apiVersion", request.Version), ("subresource", request.Subresource) };
        foreach (var (name, text) in parts.Where(p => p.Item2.Length > 0))
            reference[name] = text;
        return reference;
    }

    private JsonNode Trim(JsonNode value)
    {
        if (decision.OmitManagedFields && value is JsonObject map)
        {
            (map["metadata"] as JsonObject)?.Remove("managedFields");
            foreach (var item in map.Items("items"))
                (item["metadata"] as JsonObject)?.Remove("managedFields");
        }

        return value;
    }

    // YAML and text bodies are left out rather than written as a string nobody can search.
    private static JsonNode? Parse(ReadOnlyMemory<byte> bytes) => bytes.IsEmpty ? null : FreeJson.TryParse(bytes.Span);
}
