using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Network.Overlay;

namespace Network.Host.Overlay;

/// <summary>
/// Answers <c>podnet overlay status|peers|audit|repair</c> on a Unix socket in the node's data directory: reachable from
/// any network namespace, by nobody who may not write there.
/// </summary>
internal sealed class OverlayServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ShortPath _path;
    private readonly string _node;
    private readonly OverlayNetworks _networks;

    internal OverlayServer(string socket, string node, OverlayNetworks networks)
    {
        (_node, _networks) = (node, networks);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(socket))!);
        _path = new ShortPath(socket);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(_path.Text));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    internal async Task StartAsync(CancellationToken cancel)
    {
        // A killed daemon leaves the name of its socket behind.
        File.Delete(_path.Text);
        await _app.StartAsync(cancel).ConfigureAwait(false);
        File.SetUnixFileMode(_path.Text, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().ConfigureAwait(false);
        _path.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var repair = context.Request.Path.Value == "/repair" && HttpMethods.IsPost(context.Request.Method);
        var audit = context.Request.Path.Value == "/audit";
        if (!repair && !audit && context.Request.Path.Value is not "/status")
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync("try GET /status, GET /audit or POST /repair\n", context.RequestAborted).ConfigureAwait(false);
            return;
        }

        var all = new JsonArray();
        foreach (var (_, network) in _networks.All)
            all.Add((JsonNode)(network.Daemon is { } daemon ? await AskAsync(daemon, network.Fault, (repair, audit), context.RequestAborted).ConfigureAwait(false) : NotRunning(network)));

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(all.ToJsonString(), context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<JsonObject> AskAsync(OverlayDaemon daemon, string? fault, (bool Repair, bool Audit) wanted, CancellationToken cancel)
    {
        var before = daemon.Repairs;
        try
        {
            if (wanted.Repair)
                await daemon.AuditAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is Linux.LinuxException or OverlayException or Iptables.IptablesException or IOException)
        {
            fault ??= e.Message;
        }

        var json = OverlayJson.Of(await daemon.StatusAsync(cancel).ConfigureAwait(false));
        json["failure"] ??= fault;
        json["repairedNow"] = daemon.Repairs - before;
        if (wanted.Audit)
            json["drift"] = OverlayJson.Texts(await daemon.InspectAsync(cancel).ConfigureAwait(false));
        return json;
    }

    private JsonObject NotRunning(RunningNetwork network) => new()
    {
        ["node"] = _node,
        ["network"] = network.Settings?.Network ?? "",
        ["failure"] = network.Fault ?? "is starting",
        ["repairedNow"] = 0L,
        ["peers"] = new JsonArray(),
    };
}
