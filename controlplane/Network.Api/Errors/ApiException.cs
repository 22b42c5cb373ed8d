using System.Text.Json.Nodes;

namespace Network.Api.Errors;

/// <summary>A refusal in the API's own words: the HTTP code and the Status object the client receives.</summary>
public sealed class ApiException : Exception
{
    public ApiException(int code, string reason, string message, JsonObject? details = null)
        : base(message)
    {
        Code = code;
        Reason = reason;
        Details = details;
    }

    public int Code { get; }

    public string Reason { get; }

    public JsonObject? Details { get; }

    /// <summary>metadata.continue: where a list whose snapshot is gone may go on.</summary>
    public string? Continue { get; init; }

    /// <summary>Seconds after which a retry makes sense; sent as Retry-After.</summary>
    public int? RetryAfterSeconds => (int?)Details?["retryAfterSeconds"];

    /// <summary>The <c>v1 Status</c> body.</summary>
    public JsonObject ToStatus()
    {
        var status = new JsonObject
        {
            ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Failure", ["message"] = Message,
        };
        if (Continue is not null)
            status["metadata"]!["continue"] = Continue;
        if (Reason.Length > 0)
            status["reason"] = Reason;
        if (Details is not null)
            status["details"] = Details.DeepClone();
        status["code"] = Code;
        return status;
    }
}
