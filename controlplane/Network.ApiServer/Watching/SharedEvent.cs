using System.Buffers;
using System.Text;
using System.Text.Json;
using Network.Api.Resources;
using Network.ApiServer.Http;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Watching;

/// <summary>One change as all watchers of a resource share it: parsed once, encoded once a form, however many watch.</summary>
internal sealed class SharedEvent(ResourceInfo resource, StoreEvent change)
{
    private byte[]?[]? _encoded;
    private JsonDocument? _current;
    private JsonDocument? _previous;

    public ResourceInfo Resource => resource;

    public StoreEvent Change => change;

    public long Revision => change.Entry.ModRevision;

    /// <summary>The object after the change (for a delete, the last state) as clients see it.</summary>
    public JsonElement Current => (_current ??= Parse(change.Entry)).RootElement;

    /// <summary>The object before the change with the revision of the change, which a selector transition shows as deleted.</summary>
    public JsonElement Previous => (_previous ??= Parse(PreviousEntry)).RootElement;

    public StoreEntry PreviousEntry => change.Previous! with { ModRevision = Revision };

    /// <summary>The stretch of the stream for this event type: a line of JSON, or a frame of protobuf.</summary>
    /// <param name="old">A delete that shows the state before the change.</param>
    public byte[] Encoded(WatchEventType type, bool old, bool protobuf)
    {
        var forms = _encoded ??= new byte[]?[8];
        return forms[(old ? 3 : (int)type) + (protobuf ? 4 : 0)] ??= Encode(type, old ? PreviousEntry : change.Entry, protobuf);
    }

    /// <summary>Lets the parsed and encoded forms go once all live watchers have them.</summary>
    public void Forget() => (_encoded, _current, _previous) = (null, null, null);

    private JsonDocument Parse(StoreEntry entry) => JsonDocument.Parse(ObjectBytes.ToArray(resource, entry));

    private byte[] Encode(WatchEventType type, StoreEntry entry, bool protobuf)
    {
        if (protobuf)
            return ProtobufResponse.Frame(NameOf(type), resource, ObjectBytes.ToArray(resource, entry));
        var buffer = new ArrayBufferWriter<byte>(entry.Value.Length + 64);
        buffer.Write("{\"type\":\""u8);
        buffer.Write(Encoding.UTF8.GetBytes(NameOf(type)));
        buffer.Write("\",\"object\":"u8);
        ObjectBytes.Write(buffer, resource, entry);
        buffer.Write("}\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    public static string NameOf(WatchEventType type) => type switch
    {
        WatchEventType.Added => "ADDED",
        WatchEventType.Modified => "MODIFIED",
        _ => "DELETED",
    };
}
