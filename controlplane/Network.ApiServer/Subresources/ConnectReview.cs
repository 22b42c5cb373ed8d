using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>Asks webhooks before a connection into a pod, service or node is opened. What they are shown is the query, as the options object of the subresource.</summary>
internal sealed class ConnectReview(ObjectRegistry registry)
{
    /// <summary>The request, with the query as webhooks left it.</summary>
    /// <exception cref="ApiException">A webhook refuses the connection.</exception>
    public async ValueTask<ApiRequest> AskAsync(ApiRequest request)
    {
        var kind = request.Target.Resource.Subresource(request.Target.Subresource)!.Kind;
        var type = ApiSchema.Get("core.v1." + kind);
        var options = Options(request, type);
        (options["kind"], options["apiVersion"]) = (kind, "v1");
        var admission = new AdmissionRequest(request.Write(), AdmissionOperation.Connect, options, null) { TargetName = request.Target.Name };
        await registry.Admission.ReviewAsync(admission);
        if (!admission.Changed)
            return request;
        if (request.Target.Subresource == "proxy")
            throw Refusal.Internal($"an admission webhook changed {kind}: what a proxy request asks for cannot be changed, only refused");
        request.Http.Request.QueryString = Query(options, type);
        return request;
    }

    private static JsonObject Options(ApiRequest request, MessageType type)
    {
        var options = new JsonObject();
        if (request.Target.Subresource == "proxy")
        {
            options["path"] = request.Target.Rest.Length == 0 ? "" : "/" + request.Target.Rest;
            return options;
        }

        foreach (var field in type.JsonFields)
        {
            var given = request.Http.Request.Query[field.Name];
            if (given.Count == 0)
                continue;
            if (field.Shape == FieldShape.List)
                options[field.Name] = new JsonArray([.. given.Select(text => Value(field, text ?? ""))]);
            else
                options[field.Name] = Value(field, given.ToString());
        }

        return options;
    }

    // What is no number stays text: the kubelet says what is wrong with it.
    private static JsonNode? Value(Field field, string text) => field.Type switch
    {
        FieldType.Bool => text is "true" or "1" or "True" or "TRUE" or "t",
        FieldType.Int32 when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };

    private static QueryString Query(JsonObject options, MessageType type)
    {
        var query = QueryString.Empty;
        foreach (var field in type.JsonFields)
        {
            foreach (var value in options[field.Name] is JsonArray list ? list : new JsonArray(options[field.Name]?.DeepClone()))
            {
                if (value is not null)
                    query = query.Add(field.Name, value.ToString());
            }
        }

        return query;
    }
}
