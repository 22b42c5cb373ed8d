using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Admission;
using Network.ApiServer.Handlers;
using Network.ApiServer.Http;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Subresources;

/// <summary>A delete that asks the pod's disruption budget first (policy/v1 and v1beta1).</summary>
internal sealed class EvictionHandler(ObjectRegistry registry)
{
    private static readonly ResourceInfo s_pods = ResourceCatalog.Get("pods");
    private static readonly ResourceInfo s_budgets = ResourceCatalog.Get("poddisruptionbudgets", "policy");

    public async Task HandleAsync(ApiRequest request)
    {
        var eviction = await RequestBody.ReadObjectAsync(request, ApiSchema.Get("policy.v1.Eviction"));
        var (ns, name) = (request.Target.Namespace, request.Target.Name);
        var pod = registry.Find(s_pods, ns, name) ?? throw Refusal.NotFound("pods", "", name);
        await registry.Admission.ReviewAsync(new AdmissionRequest(request.Write(), AdmissionOperation.Create, eviction, null) { TargetName = name });
        var options = DeleteOptions.From(eviction["deleteOptions"] as JsonObject ?? []) with { DryRun = request.DryRun };
        // A pod that has ended, never started or already leaves disturbs nobody.
        var harmless = pod.Text("status", "phase") is "Succeeded" or "Failed" or "Pending" || pod["metadata"].Text("deletionTimestamp").Length > 0;
        if (!harmless)
            await AskBudgetAsync(request, pod, ns);
        await registry.DeleteAsync(request.Write() with { Resource = s_pods, Subresource = "", Reviewed = true }, name, options);
        await ObjectResponse.WriteAsync(request.Http, 201, DeleteHandler.Success(null), request.Format);
    }

    private async Task AskBudgetAsync(ApiRequest request, JsonObject pod, string ns)
    {
        var budgets = registry.FindAll(s_budgets, ns).Where(b => SelectorObject.Matches(b.At("spec", "selector"), pod["metadata"].At("labels"))).ToList();
        if (budgets.Count > 1)
            throw Refusal.Internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        if (budgets.Count == 0)
            return;
        var context = request.Write() with { Resource = s_budgets, Subresource = "status", Reviewed = true };
        await registry.UpdateAsync(context, budgets[0]["metadata"].Text("name"), budget => Spend(budget, pod));
    }

    private JsonObject Spend(JsonObject budget, JsonObject pod)
    {
        var (name, status) = (budget["metadata"].Text("name"), budget.Child("status"));
        if (status.Number("observedGeneration") is not { } seen || seen < budget["metadata"].Number("generation"))
            throw Violated(name, "is still being processed by the server.");
        var allowed = status.Number("disruptionsAllowed") ?? 0;
        if (allowed <= 0)
            throw Violated(name, $"needs {status.Number("desiredHealthy") ?? 0} healthy pods and has {status.Number("currentHealthy") ?? 0} currently");
        status["disruptionsAllowed"] = allowed - 1;
        status.Child("disruptedPods")[pod["metadata"].Text("name")] = WireTime.Format(registry.Time.GetUtcNow());
        return budget;
    }

    private static ApiException Violated(string name, string why) => Refusal.TooManyRequests(
        "Cannot evict pod as it would violate the pod's disruption budget.", 10, "DisruptionBudget", $"The disruption budget {name} {why}");
}
