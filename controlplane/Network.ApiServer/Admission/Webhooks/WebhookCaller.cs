using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Network.Api.Errors;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>One question to one webhook, with everything that follows from how it went: warnings, audit notes, metrics, a log line for every refusal.</summary>
internal sealed partial class WebhookCaller(ILogger logger)
{
    // Characters of one answer's warnings: they travel as headers, which clients bound (upstream's warning recorder).
    private const int MostWarned = 4096;

    private readonly Lock _telling = new();

    /// <summary>Asks; false when the call failed and the webhook says that this does not matter.</summary>
    /// <param name="take">Uses an answer that allows the request; what it throws counts as the webhook's failure.</param>
    /// <exception cref="ApiException">The request is refused.</exception>
    public async Task<bool> AskAsync(Invocation invocation, AdmissionRequest request, bool mutating, Action<ReviewAnswer> take)
    {
        var hook = invocation.Hook;
        var asked = new WebhookMetrics.Asked(hook.Name, mutating ? "admit" : "validating", WebhookMatcher.NameOf(request.Operation));
        var start = Stopwatch.GetTimestamp();
        var error = WebhookMetrics.ServerFailed;
        try
        {
            var answer = await CallAsync(invocation, request, mutating);
            Tell(hook, request, answer);
            error = answer.Allowed ? error : WebhookMetrics.Denied;
            if (!answer.Allowed)
                throw WebhookDenial.Of(hook.Name, answer.Status);
            take(answer);
            WebhookMetrics.Called(asked, Stopwatch.GetElapsedTime(start), false, 200);
            return true;
        }
        catch (WebhookCallException e) when (hook.FailsOpen)
        {
            WebhookMetrics.Called(asked, Stopwatch.GetElapsedTime(start), false, e.Code);
            WebhookMetrics.FailedOpen(asked);
            LogIgnored(hook.Configuration, hook.Name, e.Message);
            return false;
        }
        catch (WebhookCallException e)
        {
            Refused(hook, request, asked, Stopwatch.GetElapsedTime(start), (WebhookMetrics.CallFailed, e.Code, e.Message));
            throw Refusal.Internal(e.Message);
        }
        catch (ApiException e)
        {
            Refused(hook, request, asked, Stopwatch.GetElapsedTime(start), (error, e.Code, e.Message));
            throw;
        }
    }

    public void Annotate(AdmissionRequest request, string key, string value)
    {
        lock (_telling)
            request.Context.Annotate?.Invoke(key, value);
    }

    private static async Task<ReviewAnswer> CallAsync(Invocation invocation, AdmissionRequest request, bool mutating)
    {
        var hook = invocation.Hook;
        if (request.Context.DryRun && !hook.TakesDryRun)
            throw Refusal.BadRequest($"admission webhook \"{hook.Name}\" does not support dry run");
        if (hook.Obstacle.Length > 0)
            throw new WebhookCallException(hook.Name, hook.Obstacle, 500);
        var uid = Guid.NewGuid().ToString();
        var question = Encoding.UTF8.GetBytes(AdmissionReview.Of(invocation, request, uid).ToJsonString());
        var answer = await hook.Client.PostAsync(hook.Name, question, hook.TimeoutSeconds, request.Context.Cancel);
        return ReviewAnswer.Read(hook.Name, answer, uid, mutating);
    }

    // Several webhooks may speak at once; headers and notes are one list each.
    private void Tell(Webhook hook, AdmissionRequest request, ReviewAnswer answer)
    {
        lock (_telling)
        {
            var left = MostWarned;
            foreach (var warning in answer.Warnings.TakeWhile(_ => left > 0))
            {
                var text = warning.Length > left ? warning[..left] : warning;
                request.Context.Warn?.Invoke(text);
                left -= text.Length;
            }

            foreach (var (key, value) in answer.Annotations)
                request.Context.Annotate?.Invoke($"{hook.Name}/{key}", value);
        }
    }

    private void Refused(Webhook hook, AdmissionRequest request, WebhookMetrics.Asked asked, TimeSpan elapsed, (string Error, int Code, string Why) outcome)
    {
        WebhookMetrics.Rejected(asked, outcome.Error, outcome.Code);
        WebhookMetrics.Called(asked, elapsed, true, outcome.Code);
        var resource = request.Context.Resource;
        var what = request.Context.Subresource.Length == 0 ? resource.Qualified : $"{resource.Qualified}/{request.Context.Subresource}";
        LogRefused(hook.Configuration, hook.Name, asked.Operation, what, $"{request.Context.Namespace}/{request.Name}", outcome.Why);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "request refused by webhook configuration={Configuration} webhook={Webhook} operation={Operation} resource={Resource} object={Name} why={Why}")]
    private partial void LogRefused(string configuration, string webhook, string operation, string resource, string name, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "webhook failed and is ignored configuration={Configuration} webhook={Webhook} why={Why}")]
    private partial void LogIgnored(string configuration, string webhook, string why);
}
