using System.Text;
using Microsoft.AspNetCore.Http;
using Network.ApiServer.Http;

namespace Network.ApiServer.Handlers;

/// <summary>One thing that must be well.</summary>
internal sealed record HealthCheck(string Name, Func<bool> Passes);

/// <summary>/healthz, /livez and /readyz with upstream's verbose lines.</summary>
internal sealed class HealthHandler(IReadOnlyList<HealthCheck> checks)
{
    /// <summary>Null when the path is not about health.</summary>
    public Task? TryHandle(HttpContext http, string[] steps)
    {
        if (steps is not ["healthz" or "livez" or "readyz", ..])
            return null;
        var excluded = http.Request.Query["exclude"];
        var asked = checks.Where(c => (steps.Length == 1 || c.Name == steps[1]) && !excluded.Contains(c.Name)).ToList();
        if (steps.Length > 1 && asked.Count == 0)
            return ObjectResponse.WriteTextAsync(http, 404, "404 page not found\n");
        var report = new StringBuilder();
        var healthy = true;
        foreach (var check in asked)
        {
            var passes = check.Passes();
            healthy &= passes;
            report.Append(passes ? $"[+]{check.Name} ok\n" : $"[-]{check.Name} failed: reason withheld\n");
        }

        report.Append($"{steps[0]} check {(healthy ? "passed" : "failed")}\n");
        var verbose = !healthy || http.Request.Query.ContainsKey("verbose");
        return ObjectResponse.WriteTextAsync(http, healthy ? 200 : 500, verbose ? report.ToString() : "ok");
    }
}
