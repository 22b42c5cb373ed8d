using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Network.Api.Errors;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Http;

/// <summary>The way of every request: who, may they, what; every refusal leaves as a Status.</summary>
internal sealed partial class RequestPipeline(Authenticator authenticator, AccessCheck access, Routes routes, ILogger logger)
{
    private readonly Impersonation _impersonation = new(access);

    public async Task HandleAsync(HttpContext http)
    {
        var start = Stopwatch.GetTimestamp();
        var (verb, resource) = ("", "");
        http.Response.Headers["Audit-Id"] = Guid.NewGuid().ToString();
        try
        {
            var user = authenticator.Authenticate(http);
            var route = routes.Find(http);
            (verb, resource) = (route.Access.Verb, route.Access.Resource);
            user = _impersonation.Resolve(http, user);
            access.Require(user, route.Access);
            await route.HandleAsync(user);
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
            RequestMetrics.Record(verb, resource, http.Response.StatusCode, Stopwatch.GetElapsedTime(start));
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "client left: {Method} {Path}")]
    private static partial void LogGone(ILogger logger, string method, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "request failed: {Method} {Path}")]
    private static partial void LogFailed(ILogger logger, string method, string path, Exception error);
}
