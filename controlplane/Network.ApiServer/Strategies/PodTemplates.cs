using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>What all kinds with a pod template share.</summary>
internal static class PodTemplates
{
    public static void Default(JsonObject owner, params ReadOnlySpan<string> path)
    {
        if (owner.At(path) is JsonObject template && template["spec"] is JsonObject spec)
        {
            template.Default("metadata", new JsonObject());
            PodDefaults.Apply(spec);
        }
    }
}
