using System.Text.Json.Nodes;

namespace Network.Api.Schema;

/// <summary>
/// A decoded body. <see cref="StrictFaults"/> are what a lenient reader drops (unknown and duplicate fields); <see cref="TypeFaults"/> make the body
/// unusable. All faults are listed, not only the first.
/// </summary>
public sealed record Decoded(JsonObject Object, IReadOnlyList<string> StrictFaults, IReadOnlyList<string> TypeFaults);
