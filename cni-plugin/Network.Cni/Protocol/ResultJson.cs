using System.Buffers;
using System.Text.Json;

namespace Network.Cni.Protocol;

/// <summary>What the plugin prints, in the version the runtime asked for.</summary>
internal static class ResultJson
{
    internal static ReadOnlyMemory<byte> Write(AttachResult result, NetworkConfig config) => Object(config.CniVersion, json =>
    {
        var attachment = result.Attachment;
        json.WriteStartArray("interfaces");
        WriteInterface(json, config, config.Bridge, result.BridgeMac.ToString(), result.Mtu, sandbox: null);
        WriteInterface(json, config, attachment.HostName, attachment.HostMac.ToString(), result.Mtu, sandbox: null);
        WriteInterface(json, config, attachment.IfName, Subnet.MacOf(result.Address).ToString(), result.Mtu, attachment.NetNs);
        json.WriteEndArray();

        var gateway = Subnet.ToAddress(config.Subnet.Gateway).ToString();
        json.WriteStartArray("ips");
        json.WriteStartObject();
        if (CniVersion.HasAddressFamily(config.CniVersion))
            json.WriteString("version", "4");
        json.WriteNumber("interface", 2);
        json.WriteString("address", $"{Subnet.ToAddress(result.Address)}/{config.Subnet.PrefixLength}");
        json.WriteString("gateway", gateway);
        json.WriteEndObject();
        json.WriteEndArray();

        json.WriteStartArray("routes");
        json.WriteStartObject();
        json.WriteString("dst", "0.0.0.0/0");
        json.WriteString("gw", gateway);
        json.WriteEndObject();
        json.WriteEndArray();

        json.WritePropertyName("dns");
        if (config.Dns.ValueKind == JsonValueKind.Object)
        {
            config.Dns.WriteTo(json);
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

    private static void WriteInterface(Utf8JsonWriter json, NetworkConfig config, string name, string mac, int mtu, string? sandbox)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("mac", mac);
        if (CniVersion.HasMtu(config.CniVersion))
            json.WriteNumber("mtu", mtu);
        if (sandbox is not null)
            json.WriteString("sandbox", sandbox);
        json.WriteEndObject();
    }

    private static ReadOnlyMemory<byte> Object(string version, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("cniVersion", version);
            write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
