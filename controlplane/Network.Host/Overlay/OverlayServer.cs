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
    private readonly string _socket;
    private readonly IReadOnlyList<OverlayDaemon> _daemons;

    internal OverlayServer(string socket, IReadOnlyList<OverlayDaemon> daemons)
    {
        _socket = socket;
        _daemons = daemons;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(socket))!);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    internal async Task StartAsync(CancellationToken cancel)
    {
        // A killed daemon leaves the name of its socket behind.
        File.Delete(_socket);
        await _app.StartAsync(cancel).ConfigureAwait(false);
        File.SetUnixFileMode(_socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

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

        var all = new System.Text.Json.Nodes.JsonArray();
        foreach (var daemon in _daemons)
        {
            var before = daemon.Repairs;
            string? failure = null;
            try
            {
                if (repair)
                    await daemon.AuditAsync(context.RequestAborted).ConfigureAwait(false);
            }
            catch (Exception e) when (e is Linux.LinuxException or OverlayException or Iptables.IptablesException or IOException)
            {
                failure = e.Message;
            }

            var json = OverlayJson.Of(await daemon.StatusAsync(context.RequestAborted).ConfigureAwait(false));
            json["failure"] ??= failure;
            json["repairedNow"] = daemon.Repairs - before;
            if (audit)
                json["drift"] = OverlayJson.Texts(await daemon.InspectAsync(context.RequestAborted).ConfigureAwait(false));
            all.Add((System.Text.Json.Nodes.JsonNode)json);
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(all.ToJsonString(), context.RequestAborted).ConfigureAwait(false);
    }
}
