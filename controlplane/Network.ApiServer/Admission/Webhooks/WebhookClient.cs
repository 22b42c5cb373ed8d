using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Schema;
using Network.ApiServer.Http;
using Network.ApiServer.Subresources;

namespace Network.ApiServer.Admission.Webhooks;

/// <summary>
/// Posts to one webhook server over HTTPS and HTTP/1.1. A service is reached at a ready endpoint through its node's kubelet, because this server need not be
/// on the pods' network; its certificate must be for NAME.NAMESPACE.svc.
/// </summary>
internal sealed class WebhookClient
{
    private const int DefaultPort = 443;

    // An answer carries at most a patch of an object, and no object is larger.
    private const int MaxAnswerBytes = RequestBody.MaxBytes;
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(90);

    // Endpoints of a service come and go; a connection must not hold on to one for ever.
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(2);

    private readonly HttpClient _http;
    private readonly string _url;
    private readonly string _obstacle = "";

    public WebhookClient(JsonNode? config, ProxyTarget services)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false, AllowAutoRedirect = false, PooledConnectionIdleTimeout = s_idle, PooledConnectionLifetime = s_life,
        };
        if (config.Text("caBundle") is { Length: > 0 } bundle)
        {
            if (Policy(bundle) is { } policy)
                handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
            else
                _obstacle = "unable to load root certificates: unable to parse bytes as PEM block";
        }

        _url = config.Text("url");
        if (config.At("service") is { } service)
        {
            var (ns, name, port) = (service.Text("namespace"), service.Text("name"), (int)(service.Number("port") ?? DefaultPort));
            _url = string.Create(CultureInfo.InvariantCulture, $"https://{name}.{ns}.svc:{port}{Rooted(service.Text("path"))}");
            handler.ConnectCallback = async (_, cancel) => await SecureAsync(
                await services.ServiceAsync(ns, name, port.ToString(CultureInfo.InvariantCulture), cancel), $"{name}.{ns}.svc", handler.SslOptions.CertificateChainPolicy, cancel);
        }

        // Every call brings its own time limit.
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <summary>The body of a successful answer.</summary>
    /// <exception cref="WebhookCallException">There was none in time.</exception>
    public async Task<byte[]> PostAsync(string webhook, byte[] body, int timeoutSeconds, CancellationToken cancel)
    {
        if (_obstacle.Length > 0)
            throw new WebhookCallException(webhook, $"could not get REST client: {_obstacle}", 500);
        var url = $"{_url}?timeout={timeoutSeconds.ToString(CultureInfo.InvariantCulture)}s";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(timeoutSeconds));
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url)
            {
                Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
            };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Accept.Add(new("application/json"));
            request.Headers.UserAgent.Add(new("kube-apiserver-admission", null));
            using var response = await _http.SendAsync(request, limit.Token);
            var answer = await response.Content.ReadAsByteArrayAsync(limit.Token);
            if (response.IsSuccessStatusCode)
                return answer;
            throw new WebhookCallException(webhook, $"failed to call webhook: {FailureText.OfStatus((int)response.StatusCode, Encoding.UTF8.GetString(answer))}", (int)response.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or UriFormatException or InvalidOperationException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new WebhookCallException(webhook, $"failed to call webhook: Post \"{url}\": {FailureText.Of(e)}", 503);
        }
    }

    // The way to a pod is TLS itself, to its kubelet, and the handler would take that for the webhook's.
    private static async Task<Stream> SecureAsync(Stream way, string host, X509ChainPolicy? policy, CancellationToken cancel)
    {
        var secure = new SslStream(way);
        try
        {
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = host, CertificateChainPolicy = policy, ApplicationProtocols = [SslApplicationProtocol.Http11],
            }, cancel);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    private static string Rooted(string path) => path.Length == 0 ? "/" : path.StartsWith('/') ? path : "/" + path;

    // Null when the bundle holds no certificate.
    private static X509ChainPolicy? Policy(string bundle)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(bundle)));
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }

        return policy.CustomTrustStore.Count > 0 ? policy : null;
    }
}
