using System.Buffers;
using System.Text.Json;
using Network.Api.Resources;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Watching;

/// <summary>One change as all watchers of a resource share it: parsed once, encoded once a form, however many watch.</summary>
internal sealed class SharedEvent(ResourceInfo resource, StoreEvent change)
{
    private byte[]? _added;
    private byte[]? _modified;
    private byte[]? _deleted;
    private byte[]? _deletedOld;
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

    /// <summary>The line of the stream for this event type.</summary>
    public byte[] Line(WatchEventType type, bool old) => type switch
    {
        WatchEventType.Added => _added ??= Encode("ADDED"u8, change.Entry),
        WatchEventType.Modified => _modified ??= Encode("MODIFIED"u8, change.Entry),
        _ when old => _deletedOld ??= Encode("DELETED"u8, PreviousEntry),
        _ => _deleted ??= Encode("DELETED"u8, change.Entry),
    };

    /// <summary>Lets the parsed and encoded forms go once all live watchers have them.</summary>
    public void Forget() => (_added, _modified, _deleted, _deletedOld, _current, _previous) = (null, null, null, null, null, null);

    private JsonDocument Parse(StoreEntry entry) => JsonDocument.Parse(ObjectBytes.ToArray(resource, entry));

    private byte[] Encode(ReadOnlySpan<byte> type, StoreEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(entry.Value.Length + 64);
        buffer.Write("{\"type\":\""u8);
        buffer.Write(type);
        buffer.Write("\",\"object\":"u8);
        ObjectBytes.Write(buffer, resource, entry);
        buffer.Write("}\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
