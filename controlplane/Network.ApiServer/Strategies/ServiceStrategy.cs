using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Allocation;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Strategies;

/// <summary>Services: cluster addresses and node ports are taken from the store's ranges and given back when no longer used.</summary>
internal sealed class ServiceStrategy(ServiceAllocator allocator) : Strategy
{
    private const string Headless = "None";

    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        ServiceDefaults.Apply(spec);
        ServiceDefaults.SyncAddresses(spec);
    }

    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    public override void PrepareForUpdate(JsonObject value, JsonObject old)
    {
        var (spec, before) = (value.Child("spec"), old.Child("spec"));
        if (spec.Text("type") == "ExternalName")
        {
            foreach (var name in (ReadOnlySpan<string>)["ipFamilies", "ipFamilyPolicy"])
                spec.Remove(name);
            if (before.Text("type") != "ExternalName" && spec.Text("clusterIP") == before.Text("clusterIP"))
                ClearAddresses(spec);
        }
        else if (spec.Text("clusterIP").Length == 0 && before.Text("type") != "ExternalName")
        {
            // Whoever replaces a service without naming its address means to keep it.
            foreach (var name in (ReadOnlySpan<string>)["clusterIP", "clusterIPs"])
                spec[name] = before[name]?.DeepClone();
        }

        foreach (var name in (ReadOnlySpan<string>)["ipFamilies", "ipFamilyPolicy"])
        {
            if (spec.Text("type") != "ExternalName" && before[name] is { } kept)
                spec.Default(name, kept.DeepClone());
        }

        KeepPorts(spec, before);
        HealthCheckPort.Keep(spec, before);
    }

    public override void Validate(JsonObject value, List<FieldFault> faults) => ServiceRules.Check(value, faults);

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        var (now, before) = (value.Text("spec", "clusterIP"), old.Text("spec", "clusterIP"));
        if (before.Length > 0 && now != before && value.Text("spec", "type") != "ExternalName")
            faults.Add(FieldFault.Invalid("spec.clusterIPs[0]", value.At("spec", "clusterIPs")?.DeepClone(), "may not change once set"));
    }

    public override async ValueTask<IAsyncDisposable?> AllocateAsync(WriteContext context, JsonObject value, JsonObject? old)
    {
        var (spec, before) = (value.Child("spec"), old?["spec"] as JsonObject ?? []);
        var owner = Owner(value);
        var claims = new Claims(allocator, owner);
        try
        {
            if (spec.Text("type") != "ExternalName")
                await TakeAddressAsync(context, (value, before), claims, owner);
            if (spec.Text("type") is "NodePort" || (spec.Text("type") is "LoadBalancer" && spec.Flag("allocateLoadBalancerNodePorts") != false))
                await TakePortsAsync(context, (value, before), claims, owner);
            if (!context.DryRun)
                await HealthCheckPort.TakeAsync(allocator, value, before, claims, owner);
        }
        catch
        {
            await claims.DisposeAsync();
            throw;
        }

        if (old is not null && !context.DryRun)
            await ReleaseUnusedAsync(spec, before, owner);
        return claims;
    }

    public override async ValueTask ReleaseAsync(WriteContext context, JsonObject old) =>
        await ReleaseUnusedAsync([], old.Child("spec"), Owner(old));

    // With the uid, so that the loser of two creates of one name does not give back what the winner holds.
    private static string Owner(JsonObject value) =>
        $"{value.Text("metadata", "namespace")}/{value.Text("metadata", "name")}#{value.Text("metadata", "uid")}";

    private static void ClearAddresses(JsonObject spec)
    {
        spec.Remove("clusterIP");
        spec.Remove("clusterIPs");
    }

    private static void KeepPorts(JsonObject spec, JsonObject before)
    {
        var needs = spec.Text("type") is "NodePort" or "LoadBalancer";
        foreach (var port in spec.Items("ports"))
        {
            var same = before.Items("ports").FirstOrDefault(p => p.Number("port") == port.Number("port") && p.Text("protocol") == port.Text("protocol"));
            var previous = same?.Number("nodePort") ?? 0;
            if (needs && port.Number("nodePort") is null or 0 && previous > 0)
                port["nodePort"] = previous;
            else if (!needs && previous > 0 && port.Number("nodePort") == previous)
                port.Remove("nodePort");
        }

        if (!needs && spec.Text("externalTrafficPolicy") == before.Text("externalTrafficPolicy"))
            spec.Remove("externalTrafficPolicy");
    }

    private async ValueTask TakeAddressAsync(WriteContext context, (JsonObject Value, JsonObject Before) service, Claims claims, string owner)
    {
        var spec = service.Value.Child("spec");
        var wanted = spec.Text("clusterIP");
        var family = allocator.Ranges.Addresses.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
        if (spec["ipFamilies"] is not JsonArray { Count: > 0 })
            spec["ipFamilies"] = new JsonArray(family);
        spec.Default("ipFamilyPolicy", "SingleStack");
        if (wanted == Headless || (wanted.Length > 0 && wanted == service.Before.Text("clusterIP")))
            return;
        if (wanted.Length == 0)
        {
            // A dry run must not take anything; upstream shows no address then either.
            if (context.DryRun)
                return;
            wanted = (await allocator.TakeAddressAsync(owner))?.ToString() ?? throw Refusal.Internal(
                "failed to allocate a serviceIP: range is full");
        }
        else if (!context.DryRun || !IPAddress.TryParse(wanted, out _))
        {
            Refuse(service.Value, wanted, IPAddress.TryParse(wanted, out var address) ? await allocator.ClaimAddressAsync(address, owner) : AllocationOutcome.OutOfRange);
        }

        claims.Add(wanted);
        spec["clusterIP"] = wanted;
        spec["clusterIPs"] = new JsonArray(wanted);
    }

    private void Refuse(JsonObject value, string address, AllocationOutcome outcome)
    {
        if (outcome == AllocationOutcome.Taken)
            return;
        var why = outcome == AllocationOutcome.OutOfRange
            ? $"the provided IP ({address}) is not in the valid range. The range of valid IPs is {allocator.Ranges.Addresses}"
            : "provided IP is already allocated";
        throw Refusal.Invalid("Service", "", value.Text("metadata", "name"),
            [FieldFault.Invalid("spec.clusterIPs", value.At("spec", "clusterIPs")?.DeepClone(), $"failed to allocate IP {address}: {why}")]);
    }

    private async ValueTask TakePortsAsync(WriteContext context, (JsonObject Value, JsonObject Before) service, Claims claims, string owner)
    {
        var held = service.Before.Items("ports").Select(p => p.Number("nodePort") ?? 0).Where(p => p > 0).ToHashSet();
        var mine = new HashSet<long>(held);
        var i = -1;
        foreach (var port in service.Value.Items("spec", "ports"))
        {
            i++;
            var wanted = port.Number("nodePort") ?? 0;
            if (context.DryRun || mine.Contains(wanted))
                continue;
            if (wanted == 0)
            {
                wanted = await allocator.TakePortAsync(owner) ?? throw Refusal.Internal("failed to allocate a nodePort: range is full");
                port["nodePort"] = wanted;
            }
            else if (await allocator.ClaimPortAsync((int)wanted, owner) is var outcome and not AllocationOutcome.Taken)
            {
                var why = outcome == AllocationOutcome.OutOfRange
                    ? $"provided port is not in the valid range. The range of valid ports is {allocator.Ranges.FirstNodePort}-{allocator.Ranges.LastNodePort}"
                    : "provided port is already allocated";
                throw Refusal.Invalid("Service", "", service.Value.Text("metadata", "name"), [FieldFault.Invalid($"spec.ports[{i}].nodePort", wanted, why)]);
            }

            mine.Add(wanted);
            claims.Add(wanted);
        }
    }

    private async ValueTask ReleaseUnusedAsync(JsonObject spec, JsonObject before, string owner)
    {
        foreach (var address in before.Texts("clusterIPs").Except(spec.Texts("clusterIPs")).Where(a => a != Headless))
            await allocator.ReleaseAddressAsync(address, owner);
        var kept = spec.Items("ports").Select(p => p.Number("nodePort") ?? 0).ToHashSet();
        kept.Add(spec.Number("healthCheckNodePort") ?? 0);
        foreach (var port in before.Items("ports").Select(p => p.Number("nodePort") ?? 0).Append(before.Number("healthCheckNodePort") ?? 0).Where(p => p > 0 && !kept.Contains(p)))
            await allocator.ReleasePortAsync(port, owner);
    }
}
