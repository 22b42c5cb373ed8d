using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Dns.Hot;
using Network.Dns.Wire;

namespace Network.Dns.Transport;

/// <summary>DNS over HTTPS (RFC 8484) at /dns-query, by HTTP/2 and HTTP/1.1: a message in, a message out.</summary>
internal sealed class HttpsServer : IDisposable
{
    private const string Path = "/dns-query";
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(1);
    private readonly DnsHandler _handler;
    private readonly HotCounters _counters;
    private readonly Socket _listener;
    private readonly WebApplication _app;

    /// <exception cref="SocketException">The address is not this machine's, or taken.</exception>
    internal HttpsServer(IPEndPoint address, DnsHandler handler, StreamLimits limits, SslServerAuthenticationOptions tls)
    {
        // Bound here, so that an address that cannot be had is refused before anything changes.
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(address);
        (_handler, _counters) = (handler, new HotCounters("https", $"https://{address}"));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseSockets(sockets => sockets.CreateBoundListenSocket = _ => _listener).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = ushort.MaxValue;
            kestrel.Limits.MaxConcurrentConnections = limits.MostConnections;
            kestrel.Limits.KeepAliveTimeout = kestrel.Limits.RequestHeadersTimeout = limits.Idle;
            kestrel.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(Offering(tls)) });
            });
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        await using var app = _app;
        try
        {
            await app.StartAsync(cancel).ConfigureAwait(false);
            await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            using var farewell = new CancellationTokenSource(s_farewell);
            await app.StopAsync(farewell.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _counters.Dispose();
    }

    // The same certificate as over TLS, for speakers of HTTP.
    private static SslServerAuthenticationOptions Offering(SslServerAuthenticationOptions tls) => new()
    {
        ServerCertificate = tls.ServerCertificate,
        ServerCertificateContext = tls.ServerCertificateContext,
        ServerCertificateSelectionCallback = tls.ServerCertificateSelectionCallback,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };

    private async Task AnswerAsync(HttpContext http)
    {
        var started = Stopwatch.GetTimestamp();
        var (code, message) = await ReadAsync(http).ConfigureAwait(false);
        if (message is null)
        {
            http.Response.StatusCode = code;
            return;
        }

        var answer = await AskAsync(message, http.Connection.RemoteIpAddress ?? IPAddress.None, http.RequestAborted).ConfigureAwait(false);
        if (answer.IsEmpty)
        {
            // Nothing is owed, so nothing is said.
            http.Abort();
            return;
        }

        http.Response.ContentType = HttpsMessages.MediaType;
        http.Response.ContentLength = answer.Length;
        http.Response.Headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"max-age={HttpsMessages.Freshness(answer.Span)}");
        await http.Response.BodyWriter.WriteAsync(answer, http.RequestAborted).ConfigureAwait(false);
        _counters.Took(Stopwatch.GetElapsedTime(started), 1);
    }

    private static async ValueTask<(int Code, byte[]? Message)> ReadAsync(HttpContext http)
    {
        var request = http.Request;
        if (request.Path != Path)
            return (StatusCodes.Status404NotFound, null);
        if (HttpMethods.IsGet(request.Method))
            return request.Query["dns"] is [{ } text] && HttpsMessages.Decode(text) is { } given ? Checked(given) : (StatusCodes.Status400BadRequest, null);
        if (!HttpMethods.IsPost(request.Method))
        {
            http.Response.Headers.Allow = "GET, POST";
            return (StatusCodes.Status405MethodNotAllowed, null);
        }

        if (request.ContentType?.Split(';')[0].Trim().Equals(HttpsMessages.MediaType, StringComparison.OrdinalIgnoreCase) != true)
            return (StatusCodes.Status415UnsupportedMediaType, null);
        try
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, http.RequestAborted).ConfigureAwait(false);
            return Checked(body.ToArray());
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e)
        {
            return (e.StatusCode, null);
        }
    }

    private static (int Code, byte[]? Message) Checked(byte[] message) => message.Length > ushort.MaxValue ? (StatusCodes.Status413PayloadTooLarge, null)
        : HttpsMessages.IsQuestion(message) ? (StatusCodes.Status200OK, message) : (StatusCodes.Status400BadRequest, null);

    private async ValueTask<ReadOnlyMemory<byte>> AskAsync(byte[] message, IPAddress client, CancellationToken cancel)
    {
        var output = ArrayPool<byte>.Shared.Rent(ushort.MaxValue);
        try
        {
            var written = _handler.AnswerStreamAtOnce(message, client, output.AsSpan(0, ushort.MaxValue), _counters);
            return written != HotPath.Slow ? output.AsSpan(0, written).ToArray()
                : HttpsMessages.IsTransfer(message) ? output.AsSpan(0, AnswerWriter.WriteRefusal(message, ResponseCode.Refused, output)).ToArray()
                : await _handler.AnswerAsync(message, client, isStream: true, _counters, cancel).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
        }
    }
}
