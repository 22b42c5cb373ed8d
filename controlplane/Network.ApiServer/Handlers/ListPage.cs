using System.Text.Json;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Selectors;
using Network.ApiServer.Http;
using Network.ApiServer.Storage;
using Network.Store;

namespace Network.ApiServer.Handlers;

/// <summary>What a list request selects.</summary>
internal sealed record Selection(LabelSelector Labels, FieldSelector Fields)
{
    public bool All => Labels.Requirements.Count == 0 && Fields.Requirements.Count == 0;

    public static Selection From(ApiRequest request)
    {
        var fields = FieldSelector.Parse(request.Query("fieldSelector"), request.Target.Resource);
        if (request.Target.Name.Length > 0)
            fields = new FieldSelector([.. fields.Requirements, new FieldRequirement("metadata.name", "metadata.name", true, request.Target.Name)]);
        return new(LabelSelector.Parse(request.Query("labelSelector")), fields);
    }

    public bool Matches(JsonElement value) => Labels.Matches(value) && Fields.Matches(value);

    /// <summary>Matches stored bytes; labels stand near their start, so most objects are decided without parsing the rest.</summary>
    public bool Matches(ReadOnlyMemory<byte> value)
    {
        if (Labels.Requirements.Count > 0)
        {
            var labels = LabelScan.Read(value.Span);
            if (!Labels.Matches(labels.GetValueOrDefault))
                return false;
        }

        if (Fields.Requirements.Count == 0)
            return true;
        using var document = JsonDocument.Parse(value);
        return Fields.Matches(document.RootElement);
    }
}

/// <summary>One page of a list: the entries, the revision they belong to and where the next page starts.</summary>
internal sealed record ListPage(IReadOnlyList<StoreEntry> Entries, long Revision, string Continue, long? Remaining)
{
    public static ListPage Read(IStore store, ApiRequest request, Selection selection)
    {
        var limit = (int)Math.Clamp(FreshReads.Parse(request.Query("limit")), 0, int.MaxValue);
        var token = request.Query("continue") is { Length: > 0 } text ? ContinueToken.Parse(text) : null;
        var exact = request.Query("resourceVersionMatch") == "Exact" ? FreshReads.Parse(request.Query("resourceVersion")) : 0;
        var resource = request.Target.Resource;
        var prefix = resource.StoragePrefix + (request.Target.Namespace.Length > 0 ? request.Target.Namespace + "/" : "");
        var revision = token is not null ? Math.Max(token.Revision, 0) : exact;
        try
        {
            return selection.All ? Whole(store, prefix, limit, token, revision) : Selected(store, resource, prefix, (selection, limit), (token, revision));
        }
        catch (CompactedException)
        {
            throw token is null ? Refusal.Expired($"The resourceVersion for the provided list is too old: {revision}") : TooOld(token);
        }
        catch (FutureRevisionException e)
        {
            throw Refusal.FutureRevision(e.Requested, e.Current);
        }
    }

    private static ListPage Whole(IStore store, string prefix, int limit, ContinueToken? token, long revision)
    {
        var list = store.List(prefix, limit, StartKey(prefix, token), revision);
        var next = list.More ? Next(prefix, list.Entries[^1].Key, list.Revision) : "";
        return new(list.Entries, revision > 0 ? revision : list.Revision, next, list.More ? list.Remaining : null);
    }

    private static ListPage Selected(
        IStore store, ResourceInfo resource, string prefix, (Selection Selection, int Limit) what, (ContinueToken? Token, long Revision) from)
    {
        var list = store.List(prefix, 0, StartKey(prefix, from.Token), from.Revision);
        var revision = from.Revision > 0 ? from.Revision : list.Revision;
        var matches = new List<StoreEntry>();
        foreach (var entry in list.Entries)
        {
            // metadata.name and namespace stand in the key; most objects need no parsing.
            if (what.Selection.Fields.ExactName is { } name && !entry.Key.EndsWith("/" + name, StringComparison.Ordinal))
                continue;
            if (!what.Selection.Matches(resource.Converted ? ObjectBytes.ToArray(resource, entry) : entry.Value))
                continue;
            if (what.Limit > 0 && matches.Count == what.Limit)
                return new(matches, revision, Next(prefix, matches[^1].Key, revision), null);
            matches.Add(entry);
        }

        return new(matches, revision, "", null);
    }

    private static string? StartKey(string prefix, ContinueToken? token) => token is null ? null : prefix + token.Start;

    private static string Next(string prefix, string lastKey, long revision) => new ContinueToken(revision, lastKey[prefix.Length..]).ToString();

    // The client may go on from the last key with the latest state, knowing that the pages no longer are one snapshot.
    private static ApiException TooOld(ContinueToken token) => new(410, "Expired",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.")
    {
        Continue = (token with { Revision = -1 }).ToString(),
    };
}
