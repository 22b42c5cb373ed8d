using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Network.Api.Errors;
using Network.ApiServer.Auditing;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Http;

/// <summary>The way of every request: who, written down, as whom, is there room, may they, what; every refusal leaves as a Status.</summary>
internal sealed partial class RequestPipeline(Authenticator authenticator, AccessCheck access, Routes routes, ILogger logger)
{
    private readonly Impersonation _impersonation = new(access);

    public InFlightLimits Limits { get; init; } = new(400, 200);

    /// <summary>Null writes nothing down.</summary>
    public AuditLog? Audit { get; init; }

    public async Task HandleAsync(HttpContext http)
    {
        var start = Stopwatch.GetTimestamp();
        var request = new AccessRequest("");
        http.Response.Headers["Audit-Id"] = http.Request.Headers["Audit-ID"].ToString() is { Length: > 0 and <= 64 } given ? given : Guid.NewGuid().ToString();
        try
        {
            var user = authenticator.Authenticate(http);
            var route = routes.Find(http);
            request = route.Access;
            await HandleAsync(http, user, route);
        }
        catch (ApiException refusal) when (!http.Response.HasStarted)
        {
            await ObjectResponse.WriteRefusalAsync(http, refusal);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            LogGone(logger, http.Request.Method, http.Request.Path);
        }
        catch (Exception e)
        {
            LogFailed(logger, http.Request.Method, http.Request.Path, e);
            if (!http.Response.HasStarted)
                await ObjectResponse.WriteRefusalAsync(http, Refusal.Internal(e.Message));
        }
        finally
        {
            RequestMetrics.Record(request, http.Response.StatusCode, Stopwatch.GetElapsedTime(start));
            if (AuditRecord.Of(http) is { } record)
                Audit?.Write(record, "ResponseComplete");
        }
    }

    private async Task HandleAsync(HttpContext http, UserInfo user, Route route)
    {
        var record = Audit?.Begin(http, route.Access, user);
        var acting = _impersonation.Resolve(http, user);
        if (record is not null && acting != user)
            record.Impersonated = acting;
        using var place = Limits.Enter(acting, route.Access);
        access.Require(acting, route.Access, record);
        if (!route.Access.IsLongRunning)
        {
            await route.HandleAsync(acting);
            return;
        }

        RequestMetrics.LongRunning(route.Access, 1);
        try
        {
            if (record is not null)
                Audit?.Write(record, "ResponseStarted");
            await route.HandleAsync(acting);
        }
        finally
        {
            RequestMetrics.LongRunning(route.Access, -1);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "client left: {Method} {Path}")]
    private static partial void LogGone(ILogger logger, string method, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "request failed: {Method} {Path}")]
    private static partial void LogFailed(ILogger logger, string method, string path, Exception error);
}
