using System.Text.Json.Nodes;

namespace Network.ApiServer.Strategies;

/// <summary>Stored pod templates.</summary>
internal sealed class PodTemplateStrategy : Strategy
{
    public override void Default(JsonObject value) => PodTemplates.Default(value, "template");
}
