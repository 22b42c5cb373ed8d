using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Network.Api.Errors;
using Network.ApiServer.Http;

namespace Network.ApiServer.Subresources;

/// <summary>pods, services and nodes /proxy/: any HTTP request goes on to the target, upgrades included, and its answer comes back.</summary>
internal sealed class ProxyHandler(ProxyTarget targets)
{
    private static readonly HashSet<string> s_hopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Host", "Authorization", "Content-Length",
    };

    public async Task HandleAsync(ApiRequest request)
    {
        var http = request.Http;
        var path = RestOf(http, request.Target);
        var upgrade = http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } feature ? feature : null;
        // Relative links need a directory to be relative to.
        if ((path.Length == 0 || path[0] == '?') && upgrade is null && HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.StatusCode = 301;
            http.Response.Headers.Location = $"{http.Request.Path}/{http.Request.QueryString}";
            return;
        }

        await using var far = await targets.ConnectAsync(request.Target.Resource.Plural, request.Target.Namespace, request.Target.Name, request.Cancel);
        try
        {
            await SendAsync(http, far, path.StartsWith('/') ? path : "/" + path, upgrade is not null, request.Cancel);
            var head = await ResponseHead.ReadAsync(far, request.Cancel);
            if (head.Code == 101 && upgrade is not null)
                await SpliceAsync(http, upgrade, far, head);
            else
                await AnswerAsync(http, far, head);
        }
        catch (IOException e) when (!http.Response.HasStarted)
        {
            throw Refusal.ServiceUnavailable($"error trying to reach service: {e.Message}");
        }
    }

    // From the raw request line: what is escaped stays escaped.
    private static string RestOf(HttpContext http, RequestTarget target)
    {
        var raw = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var from = target.Namespace.Length > 0 ? raw.IndexOf("/namespaces/", StringComparison.Ordinal) + "/namespaces/".Length : 0;
        var name = raw.IndexOf($"/{target.Resource.Plural}/", from, StringComparison.Ordinal) + target.Resource.Plural.Length + 2;
        return raw[(raw.IndexOf('/', name) + "/proxy".Length)..];
    }

    private static async Task SendAsync(HttpContext http, Stream far, string path, bool upgrade, CancellationToken cancel)
    {
        var request = http.Request;
        var text = new StringBuilder($"{request.Method} {path} HTTP/1.1\r\nHost: {request.Host}\r\n");
        foreach (var (name, values) in request.Headers)
        {
            // The caller's credentials are for this server only.
            if (s_hopByHop.Contains(name) || name.StartsWith(':') || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase))
                continue;
            foreach (var value in values)
                text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"X-Forwarded-Host: {request.Host}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Uri: {request.Path}\r\n");
        var body = !upgrade && http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true;
        if (upgrade)
            text.Append("Connection: Upgrade\r\nUpgrade: ").Append(request.Headers.Upgrade).Append("\r\n\r\n");
        else
            text.Append("Connection: close\r\n").Append(body ? request.ContentLength is { } length ? $"Content-Length: {length}\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
        await far.WriteAsync(Encoding.Latin1.GetBytes(text.ToString()), cancel);
        if (body)
            await SendBodyAsync(request, far, request.ContentLength is null, cancel);
        await far.FlushAsync(cancel);
    }

    private static async Task SendBodyAsync(HttpRequest request, Stream far, bool chunked, CancellationToken cancel)
    {
        var buffer = new byte[StreamSplice.BufferBytes];
        while (await request.Body.ReadAsync(buffer, cancel) is > 0 and var count)
        {
            if (chunked)
                await far.WriteAsync(Encoding.ASCII.GetBytes($"{count:x}\r\n"), cancel);
            await far.WriteAsync(buffer.AsMemory(0, count), cancel);
            if (chunked)
                await far.WriteAsync("\r\n"u8.ToArray(), cancel);
        }

        if (chunked)
            await far.WriteAsync("0\r\n\r\n"u8.ToArray(), cancel);
    }

    private static async Task SpliceAsync(HttpContext http, IHttpUpgradeFeature upgrade, Stream far, ResponseHead head)
    {
        foreach (var (name, value) in head.Headers.Where(h => h.Name.Equals("Upgrade", StringComparison.OrdinalIgnoreCase) || !s_hopByHop.Contains(h.Name)))
            http.Response.Headers.Append(name, value);
        await using var client = await upgrade.UpgradeAsync();
        await StreamSplice.RunAsync(client, far, head.Rest, http.RequestAborted);
    }

    private static async Task AnswerAsync(HttpContext http, Stream far, ResponseHead head)
    {
        var response = http.Response;
        response.StatusCode = head.Code;
        foreach (var (name, value) in head.Headers.Where(h => !s_hopByHop.Contains(h.Name)))
            response.Headers.Append(name, value);
        var empty = HttpMethods.IsHead(http.Request.Method) || head.Code is 204 or 304 || head.Code < 200;
        if (!empty && long.TryParse(head.Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            response.ContentLength = length;
        await response.StartAsync(http.RequestAborted);
        if (empty)
            return;
        await using var body = new ResponseBody(far, head);
        var buffer = new byte[StreamSplice.BufferBytes];
        while (await body.ReadAsync(buffer, http.RequestAborted) is > 0 and var count)
        {
            await response.Body.WriteAsync(buffer.AsMemory(0, count), http.RequestAborted);
            await response.Body.FlushAsync(http.RequestAborted);
        }
    }
}
