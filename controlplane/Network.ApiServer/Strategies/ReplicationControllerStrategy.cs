using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Replication controllers, the older replica sets: selector and labels default to the template's labels.</summary>
internal sealed class ReplicationControllerStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("replicas", 1);
        if (spec.At("template", "metadata", "labels") is JsonObject labels)
        {
            spec.Default("selector", labels.DeepClone());
            value.Child("metadata").Default("labels", labels.DeepClone());
        }

        PodTemplates.Default(spec, "template");
    }

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["replicas"] = 0 };
}
