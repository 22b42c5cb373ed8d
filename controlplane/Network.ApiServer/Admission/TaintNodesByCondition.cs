using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>A node that has just registered gets no pods before its controller has seen it ready.</summary>
internal sealed class TaintNodesByCondition : IAdmission
{
    private const string NotReady = "node.kubernetes.io/not-ready";

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || request.Context.Resource is not { Group: "", Plural: "nodes" })
            return default;
        var spec = request.Value.Child("spec");
        if (spec.Items("taints").Any(t => t.Text("key") == NotReady))
            return default;
        if (spec["taints"] is not JsonArray taints)
            spec["taints"] = taints = [];
        taints.Add((JsonNode)new JsonObject { ["key"] = NotReady, ["effect"] = "NoSchedule" });
        return default;
    }
}
