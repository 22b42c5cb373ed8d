using System.Net;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Network policies: the types follow from the rules present; nonsense is refused instead of silently matching nothing.</summary>
internal sealed class NetworkPolicyStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        var spec = value.Child("spec");
        spec.Default("podSelector", new JsonObject());
        if (spec["policyTypes"] is not JsonArray { Count: > 0 })
            spec["policyTypes"] = spec["egress"] is JsonArray { Count: > 0 } ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        foreach (var rule in spec.Items("ingress").Concat(spec.Items("egress")))
        {
            foreach (var port in rule.Items("ports"))
                port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        foreach (var (direction, peers) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
        {
            var i = 0;
            foreach (var rule in value.Items("spec", direction))
                CheckRule(rule, $"spec.{direction}[{i++}]", peers, faults);
        }

        foreach (var type in value.Texts("spec", "policyTypes"))
            PodSpecRules.OneOf(type, "spec.policyTypes", faults, "Ingress", "Egress");
    }

    private static void CheckRule(JsonObject rule, string path, string peers, List<FieldFault> faults)
    {
        var i = 0;
        foreach (var port in rule.Items("ports"))
        {
            PodSpecRules.OneOf(port.Text("protocol"), $"{path}.ports[{i}].protocol", faults, "TCP", "UDP", "SCTP");
            if (port.Number("port") is < 1 or > 65535)
                faults.Add(FieldFault.Invalid($"{path}.ports[{i}].port", port.Number("port"), "must be between 1 and 65535, inclusive"));
            if (port.Number("endPort") is { } end && (port.Number("port") is not { } start || end < start))
                faults.Add(FieldFault.Invalid($"{path}.ports[{i}].endPort", end, "must be greater than or equal to `port`"));
            i++;
        }

        i = 0;
        foreach (var peer in rule.Items(peers))
        {
            if (peer.Count == 0)
                faults.Add(FieldFault.Required($"{path}.{peers}[{i}]", "must specify a peer"));
            if (peer["ipBlock"] is JsonObject block)
                CheckBlock(block, $"{path}.{peers}[{i}]", peer.Count > 1, faults);
            i++;
        }
    }

    private static void CheckBlock(JsonObject block, string path, bool mixed, List<FieldFault> faults)
    {
        if (mixed)
            faults.Add(FieldFault.Forbidden(path, "may not specify both ipBlock and another peer"));
        if (!IPNetwork.TryParse(block.Text("cidr"), out var network))
        {
            faults.Add(FieldFault.Invalid($"{path}.ipBlock.cidr", block.Text("cidr"), "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
            return;
        }

        var i = 0;
        foreach (var except in block.Texts("except"))
        {
            if (!IPNetwork.TryParse(except, out var inner) || !network.Contains(inner.BaseAddress) || inner.PrefixLength <= network.PrefixLength)
                faults.Add(FieldFault.Invalid($"{path}.ipBlock.except[{i}]", except, $"must be a strict subset of `{network}`"));
            i++;
        }
    }
}
