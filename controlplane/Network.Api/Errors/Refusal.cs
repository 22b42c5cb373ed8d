using System.Text.Json.Nodes;

namespace Network.Api.Errors;

/// <summary>Upstream's refusals with upstream's texts (apimachinery pkg/api/errors): clients and people search for these words.</summary>
public static class Refusal
{
    public static ApiException BadRequest(string message) => new(400, "BadRequest", message);

    public static ApiException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    public static ApiException Forbidden(string resource, string group, string name, string why) =>
        new(403, "Forbidden", name.Length == 0 ? $"{Qualified(resource, group)} is forbidden: {why}" : $"{Qualified(resource, group)} \"{name}\" is forbidden: {why}",
            Details(name, group, resource));

    public static ApiException ForbiddenPath(string user, string verb, string path) =>
        new(403, "Forbidden", $"forbidden: User \"{user}\" cannot {verb} path \"{path}\"", []);

    public static ApiException NotFound(string resource, string group, string name) =>
        new(404, "NotFound", $"{Qualified(resource, group)} \"{name}\" not found", Details(name, group, resource));

    public static ApiException NoSuchResource() =>
        new(404, "NotFound", "the server could not find the requested resource", []);

    public static ApiException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static ApiException NotAcceptable(string accepted) =>
        new(406, "NotAcceptable", $"only the following media types are accepted: {accepted}");

    public static ApiException UnsupportedMediaType(string accepted) =>
        new(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {accepted}");

    public static ApiException AlreadyExists(string resource, string group, string name) =>
        new(409, "AlreadyExists", $"{Qualified(resource, group)} \"{name}\" already exists", Details(name, group, resource));

    public static ApiException GenerateNameExhausted(string resource, string group, string name) =>
        new(409, "AlreadyExists", $"{Qualified(resource, group)} \"{name}\" already exists, the server was not able to generate a unique name for the object",
            Details(name, group, resource));

    public static ApiException Conflict(string resource, string group, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {Qualified(resource, group)} \"{name}\": {why}", Details(name, group, resource));

    public static ApiException Modified(string resource, string group, string name) =>
        Conflict(resource, group, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static ApiException Expired(string message) => new(410, "Expired", message);

    public static ApiException TooLarge(long limit) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    public static ApiException TooManyRequests(string message, int retryAfterSeconds, string? causeReason = null, string? causeMessage = null)
    {
        var details = new JsonObject { ["retryAfterSeconds"] = retryAfterSeconds };
        if (causeReason is not null)
            details["causes"] = new JsonArray(new JsonObject { ["reason"] = causeReason, ["message"] = causeMessage });
        return new(429, "TooManyRequests", message, details);
    }

    public static ApiException Internal(string message) =>
        new(500, "InternalError", $"Internal error occurred: {message}",
            new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = message }) });

    public static ApiException ServiceUnavailable(string message) => new(503, "ServiceUnavailable", message);

    public static ApiException FutureRevision(long requested, long current) =>
        new(504, "Timeout", $"Too large resource version: {requested}, current: {current}", new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        });

    /// <summary>422 with one cause a fault; one fault stands alone, several stand in brackets.</summary>
    public static ApiException Invalid(string kind, string group, string name, IReadOnlyList<FieldFault> faults)
    {
        var details = Details(name, group, kind);
        details["causes"] = new JsonArray([.. faults.Select(f => f.ToCause())]);
        var list = faults.Count == 1 ? faults[0].ToString() : $"[{string.Join(", ", faults)}]";
        return new(422, "Invalid", $"{(group.Length == 0 ? kind : kind + "." + group)} \"{name}\" is invalid: {list}", details);
    }

    public static string Qualified(string resource, string group) => group.Length == 0 ? resource : $"{resource}.{group}";

    private static JsonObject Details(string name, string group, string kind)
    {
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (group.Length > 0)
            details["group"] = group;
        details["kind"] = kind;
        return details;
    }
}
