using System.Text.Json;
using System.Text.Json.Serialization;

namespace Network.Conformance.Clients;

/// <summary>Lets the official client carry objects of any kind: its generated serializer knows only the built-in ones.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ElementJson : JsonSerializerContext;
