using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Network.Dns.Plugins.Cluster.Snapshot;

/// <summary>What a snapshot holds: all that the cluster zone is made of.</summary>
public sealed record ClusterContents(IReadOnlyCollection<string> Namespaces, IReadOnlyCollection<DnsService> Services)
{
    /// <summary>Of the zone at that time; 0 when it is not known.</summary>
    public uint Serial { get; init; }
}

/// <summary>
/// The cluster's names as a file, so that a server that starts without an API server still answers. A line of version and
/// SHA-256 of the rest, then a JSON object a line; replaced as a whole, so it is the old one or the new one, never half. Lines
/// of a kind it does not know, of a later release, are passed over.
/// </summary>
public static class SnapshotFile
{
    private const string Magic = "podnet-dns-snapshot 1 ";

    /// <exception cref="IOException">The disk is full or the folder cannot be written; the former file stays.</exception>
    public static void Write(string path, ClusterContents contents)
    {
        var body = Render(contents);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = path + ".new";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                file.Write(Encoding.ASCII.GetBytes($"{Magic}{Convert.ToHexStringLower(SHA256.HashData(body))}\n"));
                file.Write(body);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (IOException)
        {
            // A full disk is not helped by half a file.
            File.Delete(temporary);
            throw;
        }
    }

    /// <returns>Null when there is no file.</returns>
    /// <exception cref="InvalidDataException">The file is damaged or of another version.</exception>
    public static ClusterContents? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        var bytes = File.ReadAllBytes(path);
        var end = bytes.AsSpan().IndexOf((byte)'\n');
        var head = Encoding.ASCII.GetString(bytes, 0, Math.Max(0, end));
        if (!head.StartsWith(Magic, StringComparison.Ordinal))
            throw new InvalidDataException($"{path} is no snapshot of this version; remove it, the next one is written by itself");
        var body = bytes.AsMemory(end + 1);
        if (head[Magic.Length..] != Convert.ToHexStringLower(SHA256.HashData(body.Span)))
            throw new InvalidDataException($"{path} is damaged: its checksum differs; remove it, the next one is written by itself");
        try
        {
            return Parse(body);
        }
        catch (Exception e) when (e is KeyNotFoundException or JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{path} is whole but not understood: {e.Message}; remove it, the next one is written by itself");
        }
    }

    private static byte[] Render(ClusterContents contents)
    {
        using var body = new MemoryStream();
        using var writer = new Utf8JsonWriter(body);
        Line(body, writer, () => writer.WriteNumber("serial", contents.Serial));
        foreach (var ns in contents.Namespaces)
            Line(body, writer, () => writer.WriteString("namespace", ns));
        foreach (var service in contents.Services)
            Line(body, writer, () => Write(writer, service));
        return body.ToArray();
    }

    private static void Line(MemoryStream body, Utf8JsonWriter writer, Action write)
    {
        writer.WriteStartObject();
        write();
        writer.WriteEndObject();
        writer.Flush();
        writer.Reset();
        body.WriteByte((byte)'\n');
    }

    private static void Write(Utf8JsonWriter writer, DnsService service)
    {
        writer.WriteString("service", service.Name);
        writer.WriteString("in", service.Namespace);
        if (service.Headless)
            writer.WriteBoolean("headless", true);
        if (service.ExternalName is { } target)
            writer.WriteString("externalName", target);
        WriteAll(writer, "clusterIPs", service.ClusterIps, address => writer.WriteStringValue(address.ToString()));
        WriteAll(writer, "ports", service.Ports, port => Write(writer, port));
        WriteAll(writer, "endpoints", service.Endpoints, endpoint =>
        {
            writer.WriteStartObject();
            writer.WriteString("address", endpoint.Address.ToString());
            if (endpoint.HostName is { } name)
                writer.WriteString("hostname", name);
            WriteAll(writer, "ports", endpoint.Ports, port => Write(writer, port));
            writer.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter writer, DnsPort port)
    {
        writer.WriteStartObject();
        writer.WriteString("name", port.Name);
        writer.WriteString("protocol", port.Protocol);
        writer.WriteNumber("port", port.Port);
        writer.WriteEndObject();
    }

    private static void WriteAll<T>(Utf8JsonWriter writer, string name, IReadOnlyCollection<T> values, Action<T> write)
    {
        if (values.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (var value in values)
            write(value);
        writer.WriteEndArray();
    }

    private static ClusterContents Parse(ReadOnlyMemory<byte> body)
    {
        var (namespaces, services, serial) = (new List<string>(), new List<DnsService>(), 0u);
        while (!body.IsEmpty)
        {
            var end = body.Span.IndexOf((byte)'\n');
            using var line = JsonDocument.Parse(body[..end]);
            if (line.RootElement.TryGetProperty("namespace", out var ns))
                namespaces.Add(ns.GetString()!);
            else if (line.RootElement.TryGetProperty("serial", out var number))
                serial = number.GetUInt32();
            else if (line.RootElement.TryGetProperty("service", out _))
                services.Add(Service(line.RootElement));
            body = body[(end + 1)..];
        }

        return new ClusterContents(namespaces, services) { Serial = serial };
    }

    private static DnsService Service(JsonElement line) => new(line.GetProperty("in").GetString()!, line.GetProperty("service").GetString()!)
    {
        Headless = line.TryGetProperty("headless", out _),
        ExternalName = line.TryGetProperty("externalName", out var target) ? target.GetString() : null,
        ClusterIps = All(line, "clusterIPs", address => IPAddress.Parse(address.GetString()!)),
        Ports = All(line, "ports", Port),
        Endpoints = All(line, "endpoints", endpoint => new DnsEndpoint(IPAddress.Parse(endpoint.GetProperty("address").GetString()!),
            endpoint.TryGetProperty("hostname", out var name) ? name.GetString() : null, All(endpoint, "ports", Port))),
    };

    private static DnsPort Port(JsonElement port) =>
        new(port.GetProperty("name").GetString()!, port.GetProperty("protocol").GetString()!, port.GetProperty("port").GetUInt16());

    private static List<T> All<T>(JsonElement parent, string name, Func<JsonElement, T> read) =>
        parent.TryGetProperty(name, out var array) ? array.EnumerateArray().Select(read).ToList() : [];
}
