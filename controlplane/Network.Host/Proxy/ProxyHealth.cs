using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Network.ServiceProxy;
using Network.ServiceProxy.Model;

namespace Network.Host.Proxy;

/// <summary>
/// What load balancers ask a node: on /healthz and /livez whether its proxy works, and on a service's healthCheckNodePort whether
/// it has an endpoint of that service.
/// </summary>
internal sealed partial class ProxyHealth(ServiceProxyDaemon daemon, int port, ILoggerFactory loggers)
{
    // As long as kube-proxy allows a change to wait: twice its sync period.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(60);
    private readonly ILogger _logger = loggers.CreateLogger("proxy");
    private readonly Dictionary<string, Checked> _wanted = new(StringComparer.Ordinal);
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>The node is about to go: load balancers are to look elsewhere, though the proxy works.</summary>
    internal bool NodeIsLeaving { get; set; }

    private bool IsWorking => daemon.IsReady && daemon.Waiting < s_longestWait;

    /// <summary>A service as it is now; without ports it is gone.</summary>
    internal void Put(string service, int healthPort, IReadOnlyList<ServicePort> ports)
    {
        // Ready ones only: a terminating endpoint still serves, but new connections shall go where endpoints stay.
        var local = ports.SelectMany(known => known.Endpoints).Where(endpoint => endpoint is { IsLocal: true, Ready: true }).Select(endpoint => endpoint.Address).Distinct().Count();
        lock (_wanted)
        {
            var former = _wanted.GetValueOrDefault(service);
            if (healthPort == 0 || ports.Count == 0 || ports[0].ExternalPolicy != TrafficPolicy.Local)
                _wanted.Remove(service);
            else
                _wanted[service] = new Checked(ports[0].Namespace, ports[0].Name, healthPort, local);
            if (former?.Port != _wanted.GetValueOrDefault(service)?.Port)
                _changes.Writer.TryWrite(true);
        }
    }

    internal async Task RunAsync(CancellationToken cancel)
    {
        var servers = new Dictionary<int, WebApplication>();
        try
        {
            if (port > 0)
                await OpenAsync(servers, port, AnswerForNodeAsync, cancel).ConfigureAwait(false);
            do
            {
                Dictionary<int, string> wanted;
                lock (_wanted)
                    wanted = _wanted.DistinctBy(pair => pair.Value.Port).ToDictionary(pair => pair.Value.Port, pair => pair.Key);
                foreach (var gone in servers.Keys.Where(open => open != port && !wanted.ContainsKey(open)).ToList())
                {
                    await servers[gone].DisposeAsync().ConfigureAwait(false);
                    servers.Remove(gone);
                }

                foreach (var number in wanted.Keys.Where(number => !servers.ContainsKey(number)))
                    await OpenAsync(servers, number, context => AnswerForServiceAsync(context, number), cancel).ConfigureAwait(false);
            }
            while (await _changes.Reader.WaitToReadAsync(cancel).ConfigureAwait(false) && _changes.Reader.TryRead(out _));
        }
        finally
        {
            foreach (var server in servers.Values)
                await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task OpenAsync(Dictionary<int, WebApplication> servers, int number, RequestDelegate answer, CancellationToken cancel)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenAnyIP(number));
        var app = builder.Build();
        app.Run(answer);
        try
        {
            await app.StartAsync(cancel).ConfigureAwait(false);
            servers.Add(number, app);
        }
        catch (IOException e)
        {
            // Somebody else has the port; services work all the same.
            LogPortTaken(number, e.Message);
            await app.DisposeAsync().ConfigureAwait(false);
        }
    }

    private Task AnswerForNodeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value;
        var good = path switch
        {
            "/healthz" => IsWorking && !NodeIsLeaving,
            "/livez" => IsWorking,
            _ => (bool?)null,
        };
        context.Response.StatusCode = good switch
        {
            true => 200,
            false => 503,
            _ => 404,
        };
        context.Response.ContentType = "application/json";
        var why = daemon.Refusal is { } refusal ? JsonEncodedText.Encode(refusal).ToString() : "";
        return context.Response.WriteAsync(good is null ? "{}" : $$"""{"healthy":{{(good.Value ? "true" : "false")}},"nodeEligible":{{(NodeIsLeaving ? "false" : "true")}},"waitingSeconds":{{(int)daemon.Waiting.TotalSeconds}},"refusal":"{{why}}"}""");
    }

    private Task AnswerForServiceAsync(HttpContext context, int number)
    {
        Checked? service;
        lock (_wanted)
            service = _wanted.Values.FirstOrDefault(wanted => wanted.Port == number);
        var working = IsWorking && !NodeIsLeaving;
        var local = service?.LocalEndpoints ?? 0;
        context.Response.StatusCode = service is not null && local > 0 && working ? 200 : 503;
        context.Response.ContentType = "application/json";
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        context.Response.Headers["X-Load-Balancing-Endpoint-Weight"] = local.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return context.Response.WriteAsync(
            $$$"""{"service":{"namespace":"{{{service?.Namespace}}}","name":"{{{service?.Name}}}"},"localEndpoints":{{{local}}},"serviceProxyHealthy":{{{(working ? "true" : "false")}}}}""");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "health checks cannot be answered port={Port}: {Reason}")]
    private partial void LogPortTaken(int port, string reason);

    private sealed record Checked(string Namespace, string Name, int Port, int LocalEndpoints);
}
