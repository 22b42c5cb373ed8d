using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Network.ApiServer.Http;

namespace Network.ApiServer.Handlers;

/// <summary>/healthz, /livez and /readyz in upstream's words (apiserver server/healthz): whole, per check, verbose, with exclusions.</summary>
internal sealed partial class HealthHandler(IReadOnlyList<HealthCheck> checks, ILogger logger)
{
    /// <summary>Null when the path is not about health.</summary>
    public Task? TryHandle(HttpContext http, string[] steps)
    {
        if (steps is not ["healthz" or "livez" or "readyz", ..])
            return null;
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
            return ObjectResponse.WriteTextAsync(http, 405, "405 method not allowed\n");
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var asked = checks.Where(c => c.Live || steps[0] == "readyz").ToList();
        return steps.Length == 1 ? WriteAllAsync(http, steps[0], asked) : WriteOneAsync(http, asked.FirstOrDefault(c => c.Name == string.Join('/', steps[1..])));
    }

    private async Task WriteOneAsync(HttpContext http, HealthCheck? check)
    {
        if (check is null)
        {
            await ObjectResponse.WriteTextAsync(http, 404, "404 page not found\n");
            return;
        }

        if (await check.PassesAsync())
        {
            await ObjectResponse.WriteTextAsync(http, 200, "ok");
            return;
        }

        LogFailed(check.Name, http.Request.Path);
        await ObjectResponse.WriteTextAsync(http, 500, $"internal server error: {check.Name} failed: reason withheld\n");
    }

    private async Task WriteAllAsync(HttpContext http, string name, List<HealthCheck> asked)
    {
        var excluded = http.Request.Query["exclude"].OfType<string>().SelectMany(e => e.Split(',')).Where(e => e.Length > 0).ToHashSet();
        var report = new StringBuilder();
        var healthy = true;
        foreach (var check in asked)
        {
            if (excluded.Remove(check.Name))
            {
                report.Append($"[+]{check.Name} excluded: ok\n");
                continue;
            }

            var passes = await check.PassesAsync();
            healthy &= passes;
            report.Append(passes ? $"[+]{check.Name} ok\n" : $"[-]{check.Name} failed: reason withheld\n");
            if (!passes)
                LogFailed(check.Name, http.Request.Path);
        }

        if (excluded.Count > 0)
            report.Append($"warn: some health checks cannot be excluded: no matches for {string.Join(", ", excluded.Order(StringComparer.Ordinal).Select(e => $"\"{e}\""))}\n");
        if (!healthy)
            await ObjectResponse.WriteTextAsync(http, 500, $"{report}{name} check failed\n");
        else
            await ObjectResponse.WriteTextAsync(http, 200, http.Request.Query.ContainsKey("verbose") ? $"{report}{name} check passed\n" : "ok");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "health check failed: {Check} asked by {Path}")]
    private partial void LogFailed(string check, string path);
}
