using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>Pods stay five minutes on a node that went away, unless they say otherwise.</summary>
internal sealed class DefaultTolerationSeconds : IAdmission
{
    private const int Seconds = 300;

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || request.Context.Resource is not { Group: "", Plural: "pods" })
            return default;
        var spec = request.Value.Child("spec");
        foreach (var key in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            if (spec.Items("tolerations").Any(t => (t.Text("key") == key || t.Text("key").Length == 0) && t.Text("effect") is "" or "NoExecute"))
                continue;
            if (spec["tolerations"] is not JsonArray tolerations)
                spec["tolerations"] = tolerations = [];
            tolerations.Add((JsonNode)new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = Seconds });
        }

        return default;
    }
}
