using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Network.ApiServer.Http;
using Network.Store;

namespace Network.ApiServer;

/// <summary>The API server: composes the parts over a store and serves them on TLS, HTTP/1.1 and HTTP/2 on the same port.</summary>
public sealed class ApiServerHost : IAsyncDisposable
{
    // Go clients put all their watches on one connection and queue at the limit.
    private const int StreamsPerConnection = 1000;

    private readonly ApiServerSettings _settings;
    private readonly ILoggerFactory _loggers;
    private readonly ApiServerParts _parts;
    private WebApplication? _application;

    public ApiServerHost(ApiServerSettings settings, IStore store, TimeProvider time, ILoggerFactory loggers)
    {
        _settings = settings;
        _loggers = loggers;
        _parts = new ApiServerParts(settings, store, time, loggers);
    }

    /// <summary>Where the server listens, with the real ports.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; private set; } = [];

    public async Task StartAsync(CancellationToken cancel = default)
    {
        _parts.Hub.Start();
        await _parts.BootstrapAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_loggers);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(Configure);
        _application = builder.Build();
        _application.Run(_parts.Pipeline.HandleAsync);
        await _application.StartAsync(cancel);
        var addresses = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        Endpoints = [.. addresses.Select(a => new Uri(a)).Where(u => IPAddress.TryParse(u.Host.Trim('[', ']'), out _))
            .Select(u => new IPEndPoint(IPAddress.Parse(u.Host.Trim('[', ']')), u.Port))];
    }

    public async Task StopAsync(CancellationToken cancel = default)
    {
        await _parts.StopAsync();
        if (_application is not null)
            await _application.StopAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _parts.DisposeAsync();
        if (_application is not null)
            await _application.DisposeAsync();
    }

    private void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        options.Limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        options.Limits.Http2.InitialStreamWindowSize = 256 * 1024;
        options.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(3);
        foreach (var endpoint in _settings.Listen)
            options.Listen(endpoint, UseTls);
        if (_settings.ListenHandle is { } handle)
            options.ListenHandle((ulong)handle, UseTls);
    }

    private void UseTls(ListenOptions listen)
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(https =>
        {
            https.ServerCertificate = _settings.ServingCertificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            // A wrong certificate is answered with 401 and words, not with a TLS alert; see CertificateAuthenticator.
            https.ClientCertificateValidation = (_, _, _) => true;
        });
        listen.UseBatchedOutput();
    }
}
