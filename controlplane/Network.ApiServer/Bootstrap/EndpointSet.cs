using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Network.ApiServer.Bootstrap;

/// <summary>The objects that lead service default/kubernetes to a set of API servers. Pure; servers are in one order, so that all of them write the same.</summary>
internal static class EndpointSet
{
    private const string Name = "kubernetes";

    public static JsonObject Endpoints(IReadOnlyCollection<IPEndPoint> servers) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Name, ["labels"] = new JsonObject { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } },
        ["subsets"] = new JsonArray([.. servers.GroupBy(server => server.Port).OrderBy(group => group.Key).Select(group => (JsonNode)new JsonObject
        {
            ["addresses"] = new JsonArray([.. Texts(group).Select(text => (JsonNode)new JsonObject { ["ip"] = text })]), ["ports"] = Ports(group.Key),
        })]),
    };

    /// <summary>A slice for each port and address family; the first has the service's name, as clients expect where there is only one.</summary>
    public static IReadOnlyList<JsonObject> Slices(IReadOnlyCollection<IPEndPoint> servers) =>
        [.. servers.GroupBy(server => (server.Port, V6: server.AddressFamily == AddressFamily.InterNetworkV6)).OrderBy(group => group.Key)
            .Select((group, index) => Slice(index == 0 ? Name : $"{Name}-{group.Key.Port}{(group.Key.V6 ? "-ipv6" : "")}", group.Key.Port, group.Key.V6, group))];

    private static JsonObject Slice(string name, int port, bool v6, IEnumerable<IPEndPoint> servers) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = Name } },
        ["addressType"] = v6 ? "IPv6" : "IPv4",
        ["endpoints"] = new JsonArray([.. Texts(servers).Select(text => (JsonNode)new JsonObject { ["addresses"] = new JsonArray(text), ["conditions"] = new JsonObject { ["ready"] = true } })]),
        ["ports"] = Ports(port),
    };

    private static IEnumerable<string> Texts(IEnumerable<IPEndPoint> servers) => servers.Select(server => server.Address.ToString()).Distinct().Order(StringComparer.Ordinal);

    private static JsonArray Ports(int port) => new(new JsonObject { ["name"] = "https", ["port"] = port, ["protocol"] = "TCP" });
}
