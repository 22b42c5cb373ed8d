using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Endpoint slices: bounded, of one address family, without loopback addresses.</summary>
internal sealed class EndpointSliceStrategy : Strategy
{
    private const int MaxEndpoints = 1000;

    public override void Default(JsonObject value)
    {
        foreach (var port in value.Items("ports"))
        {
            port.Default("name", "");
            port.Default("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        var type = value.Text("addressType");
        PodSpecRules.OneOf(type, "addressType", faults, "IPv4", "IPv6", "FQDN");
        var endpoints = value.Items("endpoints").ToList();
        if (endpoints.Count > MaxEndpoints)
            faults.Add(new FieldFault("FieldValueTooMany", "endpoints", $"Too many: {endpoints.Count}: must have at most {MaxEndpoints} items"));
        for (var i = 0; i < endpoints.Count; i++)
        {
            var j = 0;
            foreach (var address in endpoints[i].Texts("addresses"))
                CheckAddress(type, address, $"endpoints[{i}].addresses[{j++}]", faults);
            if (j == 0)
                faults.Add(FieldFault.Required($"endpoints[{i}].addresses", "must contain at least 1 address"));
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults) =>
        SelectorRules.Immutable(value, old, faults, "addressType");

    private static void CheckAddress(string type, string address, string path, List<FieldFault> faults)
    {
        if (type is not ("IPv4" or "IPv6"))
            return;
        var family = type == "IPv4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (!IPAddress.TryParse(address, out var parsed) || parsed.AddressFamily != family)
            faults.Add(FieldFault.Invalid(path, address, $"must be a valid {type} address"));
        else if (IPAddress.IsLoopback(parsed))
            faults.Add(FieldFault.Invalid(path, address, "may not be in the loopback range (127.0.0.0/8, ::1/128)"));
    }
}
