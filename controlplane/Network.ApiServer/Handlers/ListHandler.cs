using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.ApiServer.Auditing;
using Network.ApiServer.Http;
using Network.ApiServer.Printing;
using Network.ApiServer.Registry;
using Network.ApiServer.Storage;

namespace Network.ApiServer.Handlers;

/// <summary>GET of a collection. Plain lists are written straight from stored bytes.</summary>
internal sealed class ListHandler(ObjectRegistry registry)
{
    private const int BlockBytes = 64 * 1024;

    public async Task HandleAsync(ApiRequest request)
    {
        CheckOptions(request);
        var exact = request.Query("resourceVersionMatch") == "Exact";
        if (!exact && request.Query("continue").Length == 0)
            await FreshReads.WaitAsync(registry.Store, request.Query("resourceVersion"), request.Cancel);
        var page = ListPage.Read(registry.Store, request, Selection.From(request));
        if (request.Format.Protobuf)
            await ProtobufResponse.WriteListAsync(request, Metadata(page), page.Entries);
        else if (request.Format is { Shape: ResponseShape.Object, Yaml: false, Pretty: false } && AuditRecord.Of(request.Http)?.KeepsResponse != true)
            await WritePlainAsync(request, page);
        else
            await ObjectResponse.WriteAsync(request.Http, 200, Shape(request, page), request.Format);
    }

    private static void CheckOptions(ApiRequest request)
    {
        var match = request.Query("resourceVersionMatch");
        var version = request.Query("resourceVersion");
        var faults = new List<FieldFault>();
        if (match.Length > 0 && version.Length == 0)
            faults.Add(FieldFault.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
        if (match.Length > 0 && request.Query("continue").Length > 0)
            faults.Add(FieldFault.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
        if (match is not ("" or "Exact" or "NotOlderThan"))
            faults.Add(FieldFault.NotSupported("resourceVersionMatch", match, "Exact", "NotOlderThan"));
        if (match == "Exact" && version == "0")
            faults.Add(FieldFault.Forbidden("resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\""));
        if (request.QueryFlag("sendInitialEvents"))
            faults.Add(FieldFault.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        if (faults.Count > 0)
            throw Refusal.Invalid("ListOptions", "meta.k8s.io", "", faults);
    }

    private static JsonObject Metadata(ListPage page)
    {
        var metadata = new JsonObject { ["resourceVersion"] = page.Revision.ToString(CultureInfo.InvariantCulture) };
        if (page.Continue.Length > 0)
            metadata["continue"] = page.Continue;
        if (page.Remaining is { } remaining)
            metadata["remainingItemCount"] = remaining;
        return metadata;
    }

    private static JsonNode Shape(ApiRequest request, ListPage page)
    {
        var resource = request.Target.Resource;
        var values = page.Entries.Select(e => Parse(ObjectBytes.ToArray(resource, e)));
        return request.Format.Shape switch
        {
            ResponseShape.Table => TableWriter.Of(request, values, Metadata(page), true),
            ResponseShape.PartialMetadata => new JsonObject
            {
                ["kind"] = "PartialObjectMetadataList", ["apiVersion"] = "meta.k8s.io/v1", ["metadata"] = Metadata(page),
                ["items"] = new JsonArray([.. values.Select(PartialMetadata.Of)]),
            },
            _ => new JsonObject
            {
                ["kind"] = resource.ListKind, ["apiVersion"] = resource.ApiVersion, ["metadata"] = Metadata(page),
                ["items"] = new JsonArray([.. values.Select(v => (JsonNode?)JsonObject.Create(v))]),
            },
        };
    }

    private static JsonElement Parse(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.Clone();
    }

    private static async Task WritePlainAsync(ApiRequest request, ListPage page)
    {
        var response = request.Http.Response;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-cache, private";
        if (!Compression.Applies(request.Http, page.Entries.Sum(e => (long)e.Value.Length)))
        {
            await WriteItemsAsync(request, page, response.BodyWriter);
            return;
        }

        await using var compressed = Compression.Begin(response);
        var writer = PipeWriter.Create(compressed, new StreamPipeWriterOptions(leaveOpen: true));
        await WriteItemsAsync(request, page, writer);
        await writer.CompleteAsync();
    }

    private static async Task WriteItemsAsync(ApiRequest request, ListPage page, PipeWriter writer)
    {
        var resource = request.Target.Resource;
        // Blocks of this size, not the pipe's own of 4 KiB: TLS turns every block into a record and a write of its own.
        var block = new ArrayBufferWriter<byte>(BlockBytes + (BlockBytes / 4));
        block.Write(Encoding.UTF8.GetBytes($"{{\"kind\":\"{resource.ListKind}\",\"apiVersion\":\"{resource.ApiVersion}\",\"metadata\":{Metadata(page).ToJsonString()},\"items\":["));
        for (var i = 0; i < page.Entries.Count; i++)
        {
            if (i > 0)
                block.Write(","u8);
            ObjectBytes.Write(block, resource, page.Entries[i]);
            if (block.WrittenCount < BlockBytes)
                continue;
            await FlushAsync(writer, block, request.Cancel);
        }

        block.Write("]}"u8);
        await FlushAsync(writer, block, request.Cancel);
    }

    private static async ValueTask FlushAsync(PipeWriter writer, ArrayBufferWriter<byte> block, CancellationToken cancel)
    {
        block.WrittenSpan.CopyTo(writer.GetSpan(block.WrittenCount));
        writer.Advance(block.WrittenCount);
        block.ResetWrittenCount();
        await writer.FlushAsync(cancel);
    }
}
