using System.Buffers;
using System.Text.Json;

namespace Network.Cni.Protocol;

/// <summary>What the plugin prints, in the version the runtime asked for.</summary>
internal static class ResultJson
{
    /// <param name="previous">What earlier plugins of the list did comes first, unchanged.</param>
    internal static ReadOnlyMemory<byte> Write(AttachResult result, string version, ConfigObject previous) => Object(version, json =>
    {
        var before = previous.List("interfaces").ToList();
        json.WriteStartArray("interfaces");
        before.ForEach(item => item.WriteTo(json));
        foreach (var item in result.Interfaces)
            WriteInterface(json, item, version);
        json.WriteEndArray();

        json.WriteStartArray("ips");
        foreach (var item in previous.List("ips"))
            item.WriteTo(json);
        foreach (var address in result.Addresses)
        {
            json.WriteStartObject();
            if (CniVersion.HasAddressFamily(version))
                json.WriteString("version", address.Address.IsV6 ? "6" : "4");
            if (result.AddressInterface is { } at)
                json.WriteNumber("interface", before.Count + at);
            json.WriteString("address", address.ToString());
            if (address.Gateway is { } gateway)
                json.WriteString("gateway", gateway.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();

        json.WriteStartArray("routes");
        foreach (var item in previous.List("routes"))
            item.WriteTo(json);
        foreach (var route in result.Routes)
            WriteRoute(json, route, version);
        json.WriteEndArray();

        json.WritePropertyName("dns");
        var dns = result.Dns.ValueKind == JsonValueKind.Object ? result.Dns : previous.Object("dns").Element;
        if (dns.ValueKind == JsonValueKind.Object)
        {
            dns.WriteTo(json);
        }
        else
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
    });

    internal static ReadOnlyMemory<byte> Error(string version, CniException error) => Object(version, json =>
    {
        json.WriteNumber("code", error.Code);
        json.WriteString("msg", error.Message);
        if (error.Details.Length > 0)
            json.WriteString("details", error.Details);
    });

    internal static ReadOnlyMemory<byte> Versions(string version) => Object(version, json =>
    {
        json.WriteStartArray("supportedVersions");
        foreach (var supported in CniVersion.Supported)
            json.WriteStringValue(supported);
        json.WriteEndArray();
    });

    private static void WriteInterface(Utf8JsonWriter json, ResultInterface item, string version)
    {
        json.WriteStartObject();
        json.WriteString("name", item.Name);
        json.WriteString("mac", item.Mac);
        if (CniVersion.HasMetrics(version))
            json.WriteNumber("mtu", item.Mtu);
        if (item.Sandbox is not null)
            json.WriteString("sandbox", item.Sandbox);
        json.WriteEndObject();
    }

    private static void WriteRoute(Utf8JsonWriter json, RouteEntry route, string version)
    {
        json.WriteStartObject();
        json.WriteString("dst", route.Destination.ToString());
        if (route.Gateway is { } gateway)
            json.WriteString("gw", gateway.ToString());
        if (CniVersion.HasMetrics(version))
        {
            WriteMetric(json, "mtu", route.Mtu);
            WriteMetric(json, "advmss", route.AdvertisedMss);
            WriteMetric(json, "priority", route.Priority);
            WriteMetric(json, "table", route.Table ?? 0);
            WriteMetric(json, "scope", route.Scope ?? 0);
        }

        json.WriteEndObject();
    }

    private static void WriteMetric(Utf8JsonWriter json, string name, uint value)
    {
        if (value != 0)
            json.WriteNumber(name, value);
    }

    private static ReadOnlyMemory<byte> Object(string version, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        // People read these messages in logs: quotes and umlauts stay what they are.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = PlainEncoder.Instance }))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", version);
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
