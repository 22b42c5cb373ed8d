using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Network.Kubelet.Server;

/// <summary>Listens for the kubelet API and lets in who may come in.</summary>
internal static class KubeletServer
{
    /// <exception cref="InvalidOperationException">Plain HTTP was asked for on an address others can reach.</exception>
    internal static async Task<(WebApplication App, int Port)> StartAsync(KubeletSettings settings, KubeletRoutes routes, ILoggerFactory loggers)
    {
        var secure = settings.ServerCertificate is not null;
        if (!secure && !IPAddress.IsLoopback(settings.ListenAddress))
            throw new InvalidOperationException($"kubelet API on {settings.ListenAddress}: without a server certificate only a loopback address is allowed");
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "kubelet" });
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MinResponseDataRate = null;
            options.Listen(settings.ListenAddress, settings.Port, listen =>
            {
                // Upgrades to SPDY and WebSocket are HTTP/1.1 only.
                listen.Protocols = HttpProtocols.Http1;
                if (secure)
                    listen.UseHttps(https => Secure(https, settings));
            });
        });
        var app = builder.Build();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30) });
        app.Run(http => HandleAsync(http, secure, routes));
        await app.StartAsync().ConfigureAwait(false);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return (app, new Uri(address).Port);
    }

    private static void Secure(HttpsConnectionAdapterOptions https, KubeletSettings settings)
    {
        https.ServerCertificate = settings.ServerCertificate;
        https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
        https.ClientCertificateValidation = (certificate, _, _) =>
            settings.ClientAuthorities is { } authorities && ClientPermission.IsTrusted(certificate, authorities);
    }

    private static async Task HandleAsync(HttpContext http, bool secure, KubeletRoutes routes)
    {
        if (secure && http.Request.Path != "/healthz")
        {
            var certificate = await http.Connection.GetClientCertificateAsync().ConfigureAwait(false);
            if (certificate is null)
            {
                await Streaming.StreamUpgrade.RefuseAsync(http, StatusCodes.Status401Unauthorized, "Unauthorized").ConfigureAwait(false);
                return;
            }

            if (!ClientPermission.IsAllowed(certificate))
            {
                await Streaming.StreamUpgrade.RefuseAsync(http, StatusCodes.Status403Forbidden,
                    $"Forbidden (subject={certificate.Subject}, verb={http.Request.Method}, resource=nodes, subresource=proxy)").ConfigureAwait(false);
                return;
            }
        }

        await routes.HandleAsync(http).ConfigureAwait(false);
    }
}
