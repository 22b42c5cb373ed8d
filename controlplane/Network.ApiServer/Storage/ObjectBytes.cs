using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.Api.Structural;
using Network.Store;

namespace Network.ApiServer.Storage;

/// <summary>
/// Between stored bytes and what clients see. Stored bytes carry no resourceVersion, because it is the store's revision of the write; it is spliced in
/// behind <c>"metadata":{</c>, which canonical bytes have near their start, so that lists and watches never parse an object to number it.
/// </summary>
internal static class ObjectBytes
{
    private const int SearchWindow = 256;

    private static ReadOnlySpan<byte> MetadataOpen => "\"metadata\":{"u8;

    /// <summary>The object as its resource serves it, with its resourceVersion.</summary>
    public static JsonObject Decode(ResourceInfo resource, StoreEntry entry)
    {
        var value = (JsonObject)JsonNode.Parse(entry.Value.Span)!;
        if (entry.ModRevision > 0)
            value.Child("metadata")["resourceVersion"] = entry.ModRevision.ToString(CultureInfo.InvariantCulture);
        if (resource.Converted)
            value = VersionConversion.ToServed(resource, value);
        if (resource.DefaultsOnRead)
            StructuralDefaults.Apply(value, resource.Schema.Structure!);
        return value;
    }

    /// <summary>Canonical bytes for the store; the object keeps its resourceVersion.</summary>
    public static byte[] Encode(ResourceInfo resource, JsonObject value)
    {
        var metadata = value.Child("metadata");
        var version = metadata["resourceVersion"];
        metadata.Remove("resourceVersion");
        var stored = resource.Converted ? VersionConversion.ToStored(resource, (JsonObject)value.DeepClone()) : value;
        var bytes = CanonicalJson.Write(stored, resource.Converted ? VersionConversion.StoredSchema(resource) : resource.Schema);
        if (version is not null)
            metadata["resourceVersion"] = version;
        return bytes;
    }

    /// <summary>Writes the object as clients see it.</summary>
    public static void Write(IBufferWriter<byte> into, ResourceInfo resource, StoreEntry entry)
    {
        var reshaped = resource.Converted || resource.DefaultsOnRead;
        var bytes = reshaped ? Encoding.UTF8.GetBytes(Decode(resource, entry).ToJsonString()) : entry.Value.Span;
        var at = reshaped || entry.ModRevision == 0 ? -1 : bytes[..Math.Min(bytes.Length, SearchWindow)].IndexOf(MetadataOpen);
        if (at < 0)
        {
            into.Write(bytes);
            return;
        }

        at += MetadataOpen.Length;
        into.Write(bytes[..at]);
        into.Write("\"resourceVersion\":\""u8);
        var room = into.GetSpan(20);
        entry.ModRevision.TryFormat(room, out var written, default, CultureInfo.InvariantCulture);
        into.Advance(written);
        into.Write(bytes[at] == (byte)'}' ? "\""u8 : "\","u8);
        into.Write(bytes[at..]);
    }

    public static byte[] ToArray(ResourceInfo resource, StoreEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(entry.Value.Length + 32);
        Write(buffer, resource, entry);
        return buffer.WrittenSpan.ToArray();
    }
}
