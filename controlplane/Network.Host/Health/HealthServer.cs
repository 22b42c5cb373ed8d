using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Network.Host.Parts;

namespace Network.Host.Health;

/// <summary>Where a process answers about itself; loopback only, so it needs no authentication. Port 0 turns it off.</summary>
public sealed record HealthSettings(int Port);

/// <summary>/healthz (the process lives), /readyz (every part is ready; names those that are not) and /metrics.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly WebApplication? _app;
    private readonly IReadOnlyList<IPart> _parts;
    private readonly PrometheusExporter _metrics;

    internal HealthServer(HealthSettings settings, IReadOnlyList<IPart> parts, PrometheusExporter metrics, ILoggerFactory loggers)
    {
        _parts = parts;
        _metrics = metrics;
        if (settings.Port == 0)
            return;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, settings.Port));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    internal async Task StartAsync(CancellationToken cancel)
    {
        if (_app is not null)
            await _app.StartAsync(cancel).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
    }

    private Task AnswerAsync(HttpContext context)
    {
        var (code, text) = context.Request.Path.Value switch
        {
            "/healthz" or "/livez" => (200, "ok"),
            "/readyz" => Ready(),
            "/metrics" => (200, _metrics.Render()),
            { } path when _parts.Select(part => part.Page(path)).FirstOrDefault(page => page is not null) is { } page => (200, page),
            _ => (404, "404 page not found; try /healthz, /readyz, /metrics\n"),
        };
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }

    private (int Code, string Text) Ready()
    {
        var lines = new StringBuilder();
        foreach (var part in _parts)
            lines.Append(part.IsReady ? "[+]" : "[-]").Append(part.Name).Append(part.IsReady ? " ok\n" : " not ready\n");
        var ready = _parts.All(part => part.IsReady);
        return (ready ? 200 : 503, lines.Append(ready ? "readyz check passed\n" : "readyz check failed\n").ToString());
    }
}
