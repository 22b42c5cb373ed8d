using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.ApiServer.Printing;

/// <summary>How one kind is shown: columns and the cells of an object (pkg/printers/internalversion).</summary>
internal sealed record TablePrinter(Column[] Columns, Func<JsonElement, DateTimeOffset, JsonNode?[]> Cells);
