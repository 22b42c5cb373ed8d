using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;
using Network.ApiServer.Allocation;

namespace Network.ApiServer.Strategies;

/// <summary>
/// The port at which load balancers ask a node whether it has an endpoint: out of the node ports' range, for services of type
/// LoadBalancer that keep external traffic on the node, and for no others.
/// </summary>
internal static class HealthCheckPort
{
    private const string Field = "healthCheckNodePort";

    internal static bool IsNeeded(JsonNode? spec) => spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    /// <summary>Whoever replaces a service without naming its port means to keep it; without need it goes.</summary>
    internal static void Keep(JsonObject spec, JsonObject before)
    {
        if (!IsNeeded(spec))
            spec.Remove(Field);
        else if (spec.Number(Field) is null or 0 && before.Number(Field) is > 0 and var held)
            spec[Field] = held;
    }

    internal static async ValueTask TakeAsync(ServiceAllocator allocator, JsonObject value, JsonObject before, Claims claims, string owner)
    {
        var spec = value.Child("spec");
        var wanted = spec.Number(Field) ?? 0;
        if (!IsNeeded(spec) || (wanted > 0 && wanted == before.Number(Field)))
            return;
        if (wanted == 0)
        {
            wanted = await allocator.TakePortAsync(owner) ?? throw Refusal.Internal("failed to allocate a HealthCheck NodePort: range is full");
            spec[Field] = wanted;
        }
        else if (await allocator.ClaimPortAsync((int)wanted, owner) is var outcome and not AllocationOutcome.Taken)
        {
            var why = outcome == AllocationOutcome.OutOfRange
                ? $"provided port is not in the valid range. The range of valid ports is {allocator.Ranges.FirstNodePort}-{allocator.Ranges.LastNodePort}"
                : "provided port is already allocated";
            throw Refusal.Invalid("Service", "", value.Text("metadata", "name"), [FieldFault.Invalid("spec.healthCheckNodePort", wanted, why)]);
        }

        claims.Add(wanted);
    }
}
