using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Network.ControlPlane.Tests.Client;

/// <summary>How a watch ends.</summary>
internal enum Break
{
    /// <summary>The response ends as it should.</summary>
    Cleanly,

    /// <summary>The connection is cut.</summary>
    Abruptly,

    /// <summary>The response ends well formed, but in the middle of a line.</summary>
    InALine,
}

/// <summary>
/// Lists and watches ConfigMaps over real HTTP from a history of its own, and can break, refuse and forget. It shares no
/// code with the API server.
/// </summary>
internal sealed class BreakingServer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(long Revision, string Line)> _history = [];
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<Channel<string>> _watches = [];
    private readonly WebApplication _app;
    private long _revision = 100;
    private long _oldest;
    private Break _break;

    private BreakingServer(WebApplication app) => _app = app;

    internal Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Lists answered.</summary>
    internal int Lists { get; private set; }

    /// <summary>When each watch was asked for.</summary>
    internal ConcurrentQueue<long> WatchesAsked { get; } = [];

    /// <summary>Answered to watches instead of events.</summary>
    internal HttpStatusCode? Refusal { get; set; }

    internal int OpenWatches
    {
        get
        {
            lock (_lock)
                return _watches.Count;
        }
    }

    internal static async Task<BreakingServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new BreakingServer(app);
        app.MapGet("/api/v1/configmaps", server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        BreakAll(Break.Cleanly);
        await _app.DisposeAsync();
    }

    internal void Put(string name, string value)
    {
        lock (_lock)
        {
            var type = _objects.ContainsKey(name) ? "MODIFIED" : "ADDED";
            _objects[name] = Object(name, ++_revision, value);
            Send(type, _objects[name]);
        }
    }

    internal void Delete(string name)
    {
        lock (_lock)
        {
            _objects.Remove(name, out var last);
            last!["metadata"]!["resourceVersion"] = (++_revision).ToString();
            Send("DELETED", last);
        }
    }

    internal void Bookmark()
    {
        lock (_lock)
            Send("BOOKMARK", Object("", _revision, ""));
    }

    /// <summary>Forgets the history up to now, as compaction does.</summary>
    internal void Compact()
    {
        lock (_lock)
            _oldest = _revision;
    }

    internal void BreakAll(Break how)
    {
        lock (_lock)
        {
            _break = how;
            _watches.ForEach(watch => watch.Writer.TryComplete());
            _watches.Clear();
        }
    }

    private static JsonObject Object(string name, long revision, string value) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "ns", ["uid"] = name, ["resourceVersion"] = revision.ToString() },
        ["data"] = new JsonObject { ["v"] = value },
    };

    private void Send(string type, JsonObject obj)
    {
        var line = new JsonObject { ["type"] = type, ["object"] = obj.DeepClone() }.ToJsonString();
        _history.Add((_revision, line));
        _watches.ForEach(watch => watch.Writer.TryWrite(line));
    }

    private Task AnswerAsync(HttpContext context) => context.Request.Query.ContainsKey("watch") ? WatchAsync(context) : ListAsync(context);

    private Task ListAsync(HttpContext context)
    {
        lock (_lock)
        {
            Lists++;
            var items = new JsonArray([.. _objects.Values.Select(obj => obj.DeepClone())]);
            var list = new JsonObject { ["kind"] = "ConfigMapList", ["metadata"] = new JsonObject { ["resourceVersion"] = _revision.ToString() }, ["items"] = items };
            return context.Response.WriteAsync(list.ToJsonString());
        }
    }

    private async Task WatchAsync(HttpContext context)
    {
        WatchesAsked.Enqueue(TimeProvider.System.GetTimestamp());
        if (Refusal is { } refusal)
        {
            context.Response.StatusCode = (int)refusal;
            return;
        }

        var from = long.Parse(context.Request.Query["resourceVersion"]!);
        var watch = Channel.CreateUnbounded<string>();
        lock (_lock)
        {
            if (from < _oldest)
                watch.Writer.TryWrite("""{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}""");
            else
                _history.Where(entry => entry.Revision > from).ToList().ForEach(entry => watch.Writer.TryWrite(entry.Line));
            _watches.Add(watch);
        }

        await context.Response.StartAsync();
        await foreach (var line in watch.Reader.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.WriteAsync(line + "\n");
            await context.Response.Body.FlushAsync();
        }

        if (_break == Break.Abruptly)
            context.Abort();
        else if (_break == Break.InALine)
            await context.Response.WriteAsync("""{"type":"MODIFIED","object":{"metadata":{"na""");
    }
}
