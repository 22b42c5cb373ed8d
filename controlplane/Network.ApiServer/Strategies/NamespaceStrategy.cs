using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Namespaces: they end only after their controller has emptied them and finalized the spec.</summary>
internal sealed class NamespaceStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        // The name may still be generated; the label follows on the create path below.
        if (value.Text("metadata", "name") is { Length: > 0 } name)
            value.Child("metadata").Child("labels")["kubernetes.io/metadata.name"] = name;
    }

    public override void PrepareForCreate(JsonObject value)
    {
        value["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
        value["status"] = new JsonObject { ["phase"] = "Active" };
    }

    public override void PrepareForUpdate(JsonObject value, JsonObject old) => value["spec"] = old["spec"]?.DeepClone();
}
