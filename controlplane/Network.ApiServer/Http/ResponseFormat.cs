using Microsoft.AspNetCore.Http;
using Network.Api.Errors;

namespace Network.ApiServer.Http;

internal enum ResponseShape { Object, Table, PartialMetadata }

/// <summary>How to answer, from the Accept header: entries are tried in order and what is not served is skipped.</summary>
internal sealed record ResponseFormat(ResponseShape Shape, bool Yaml, bool Pretty)
{
    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <summary>Kubernetes protobuf; never with <see cref="ResponseShape.Table"/>, which has no such form.</summary>
    public bool Protobuf { get; init; }

    public string TableVersion { get; init; } = "v1";

    /// <param name="protobuf">False for what has no protobuf form: the entry is skipped like any other that is not served.</param>
    /// <param name="table">False for what has no columns: reviews and other kinds that are only ever created.</param>
    /// <exception cref="ApiException">406, nothing acceptable is served.</exception>
    public static ResponseFormat From(HttpRequest request, bool protobuf = true, bool table = true)
    {
        var agent = request.Headers.UserAgent.ToString();
        var pretty = request.Query["pretty"].ToString() is "true" or "1"
            || agent.StartsWith("curl", StringComparison.Ordinal) || agent.StartsWith("Wget", StringComparison.Ordinal)
            || agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
        var accept = request.Headers.Accept.ToString();
        if (accept.Length == 0)
            return new(ResponseShape.Object, false, pretty);
        foreach (var entry in accept.Split(','))
        {
            if (TryEntry(entry, pretty) is { } format && (protobuf || !format.Protobuf) && (table || format.Shape != ResponseShape.Table))
                return format;
        }

        throw Refusal.NotAcceptable(Accepted);
    }

    private static ResponseFormat? TryEntry(string entry, bool pretty)
    {
        var parts = entry.Split(';', StringSplitOptions.TrimEntries);
        var yaml = parts[0] is "application/yaml";
        var protobuf = parts[0] is ProtobufResponse.ContentType;
        if (!yaml && !protobuf && parts[0] is not ("application/json" or "*/*" or "application/*"))
            return null;
        string Parameter(string name) => parts.FirstOrDefault(p => p.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..] ?? "";
        var shape = Parameter("as");
        if (shape.Length == 0)
            return Parameter("stream").Length == 0 || Parameter("stream") == "watch" ? new(ResponseShape.Object, yaml, pretty && !protobuf) { Protobuf = protobuf } : null;
        if (Parameter("g") != "meta.k8s.io" || Parameter("v") is not ("v1" or "v1beta1"))
            return null;
        return shape switch
        {
            "Table" when !protobuf => new(ResponseShape.Table, yaml, pretty) { TableVersion = Parameter("v") },
            "PartialObjectMetadata" or "PartialObjectMetadataList" => new(ResponseShape.PartialMetadata, yaml, pretty && !protobuf) { Protobuf = protobuf },
            _ => null,
        };
    }
}
