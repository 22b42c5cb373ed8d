using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>The pod table: STATUS is a small detective story over init containers, containers and deletion (printPod).</summary>
internal static class PodTable
{
    public static TablePrinter Printer { get; } = new(
        ["Name", "Ready", "Status", "Restarts", "Age", "‹IP", "‹Node", "‹Nominated Node", "‹Readiness Gates"], Row);

    private static JsonNode?[] Row(JsonElement pod, DateTimeOffset now)
    {
        var status = PodStatusText.Of(pod, now);
        var gates = pod.Items("spec", "readinessGates").ToList();
        var passed = gates.Count(g => pod.Items("status", "conditions").Any(c => c.Text("type") == g.Text("conditionType") && c.Text("status") == "True"));
        return
        [
            Cells.Name(pod), $"{status.Ready}/{status.Total}", status.Text, status.Restarts, Cells.Age(pod, now),
            Cells.OrNone(pod.Text("status", "podIP")), Cells.OrNone(pod.Text("spec", "nodeName")),
            Cells.OrNone(pod.Text("status", "nominatedNodeName")), gates.Count == 0 ? Cells.None : $"{passed}/{gates.Count}",
        ];
    }
}
