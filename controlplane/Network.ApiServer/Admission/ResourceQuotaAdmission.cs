using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Quantities;
using Network.Api.Quotas;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>
/// Charges a write to the namespace's quotas before it happens, by compare-and-swap of their status, so that concurrent writers cannot pass together.
/// What is freed, or charged for a write that failed later, is put right by the quota controller.
/// </summary>
internal sealed class ResourceQuotaAdmission(ObjectRegistry registry) : IAdmission
{
    private static readonly ResourceInfo s_quotas = ResourceCatalog.Get("resourcequotas");

    public async ValueTask AdmitAsync(AdmissionRequest request)
    {
        var context = request.Context;
        if (request.Operation == AdmissionOperation.Delete || !context.Resource.Namespaced || context.Subresource.Length > 0)
            return;
        foreach (var quota in registry.FindAll(s_quotas, context.Namespace).ToList())
        {
            if (QuotaUsage.Concerns(quota, context.Resource))
                await ChargeAsync(request, quota);
        }
    }

    private async ValueTask ChargeAsync(AdmissionRequest request, JsonObject quota)
    {
        var (resource, name) = (request.Context.Resource, quota.Text("metadata", "name"));
        if (request.Operation == AdmissionOperation.Create && request.IsFor("pods") && QuotaUsage.Unstated(quota, request.Value) is { Count: > 0 } unstated)
            throw Refuse(request, $"failed quota: {name}: must specify {string.Join("; ", unstated.Select(u => $"{u.Resource} for: {u.Containers}").Order(StringComparer.Ordinal))}");
        var delta = Increase(QuotaUsage.Of(quota, resource, request.Value), QuotaUsage.Of(quota, resource, request.Old));
        if (delta.Count == 0)
            return;
        // The quota's own writer pays: whoever creates a pod need not be allowed to touch quotas.
        var context = new WriteContext(s_quotas, request.Context.Namespace, UserInfo.Loopback)
        {
            Subresource = "status", DryRun = request.Context.DryRun, FieldManager = "podnet-apiserver", Cancel = request.Context.Cancel,
        };
        await registry.UpdateAsync(context, name, current => Spend(request, current, delta));
    }

    private JsonObject Spend(AdmissionRequest request, JsonObject quota, Dictionary<string, Quantity> delta)
    {
        var status = quota.Child("status");
        var used = status.Child("used");
        var exceeded = new List<string>();
        foreach (var (name, amount) in delta)
        {
            if (!Quantity.TryParse(quota.Text("spec", "hard", name), out var hard))
                continue;
            var before = Quantity.TryParse(used.Text(name), out var known) ? known : Count(quota, request, name);
            if ((before + amount).CompareTo(hard) > 0)
                exceeded.Add(name);
            used[name] = (before + amount).ToString();
            status.Child("hard")[name] = hard.ToString();
            delta[name] = amount;
            if (exceeded.Contains(name))
                used[name] = before.ToString();
        }

        if (exceeded.Count == 0)
            return quota;
        exceeded.Sort(StringComparer.Ordinal);
        throw Refuse(request, $"exceeded quota: {quota.Text("metadata", "name")}, requested: {List(n => delta[n].ToString())}, "
            + $"used: {List(n => used.Text(n))}, limited: {List(n => quota.Text("spec", "hard", n))}");

        string List(Func<string, string> value) => string.Join(',', exceeded.Select(n => $"{n}={value(n)}"));
    }

    // A quota that no controller has counted yet is counted here.
    private Quantity Count(JsonObject quota, AdmissionRequest request, string name)
    {
        var total = default(Quantity);
        foreach (var value in registry.FindAll(request.Context.Resource, request.Context.Namespace))
        {
            if (QuotaUsage.Of(quota, request.Context.Resource, value).TryGetValue(name, out var amount))
                total += amount;
        }

        return total;
    }

    private static Dictionary<string, Quantity> Increase(IReadOnlyDictionary<string, Quantity> now, IReadOnlyDictionary<string, Quantity> before)
    {
        var delta = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var (name, amount) in now)
        {
            var more = before.TryGetValue(name, out var was) ? amount - was : amount;
            if (more.Nanos > 0)
                delta[name] = more;
        }

        return delta;
    }

    private static ApiException Refuse(AdmissionRequest request, string why) =>
        Refusal.Forbidden(request.Context.Resource.Plural, request.Context.Resource.Group, request.Name, why);
}
