using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Parts;

namespace Network.Host.Roles;

/// <summary>
/// Objects every cluster has beyond what the API server itself makes: the DNS service, whose address every node answers
/// locally. Its label tells service proxies to keep their hands off.
/// </summary>
internal sealed partial class AddonsPart(ApiClient client, IPNetwork serviceCidr, TimeProvider time, ILoggerFactory loggers) : IPart
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);
    private readonly ILogger _logger = loggers.CreateLogger("addons");

    public string Name => "addons";

    public bool IsReady { get; private set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        while (!IsReady)
        {
            try
            {
                await EnsureDnsServiceAsync(cancel).ConfigureAwait(false);
                IsReady = true;
            }
            catch (Exception e) when (e is ApiException or HttpRequestException)
            {
                LogWaiting(e.Message);
                await Task.Delay(s_pause, time, cancel).ConfigureAwait(false);
            }
        }

        await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task EnsureDnsServiceAsync(CancellationToken cancel)
    {
        if (await client.FindAsync(Resources.Services, "kube-system", "kube-dns", cancel).ConfigureAwait(false) is not null)
            return;
        var bytes = serviceCidr.BaseAddress.GetAddressBytes();
        bytes[^1] += 10;
        try
        {
            await client.CreateAsync(Resources.Services, DnsService(new IPAddress(bytes).ToString()), cancel).ConfigureAwait(false);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // Another server was faster.
        }
    }

    private static V1Service DnsService(string address) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "kube-dns",
            NamespaceProperty = "kube-system",
            Labels = new Dictionary<string, string>
            {
                ["k8s-app"] = "kube-dns",
                ["kubernetes.io/cluster-service"] = "true",
                ["kubernetes.io/name"] = "PodnetDNS",
                ["service.kubernetes.io/service-proxy-name"] = "podnet-dns",
            },
        },
        Spec = new V1ServiceSpec
        {
            ClusterIP = address,
            Ports =
            [
                new V1ServicePort { Name = "dns", Protocol = "UDP", Port = 53, TargetPort = 53 },
                new V1ServicePort { Name = "dns-tcp", Protocol = "TCP", Port = 53, TargetPort = 53 },
            ],
        },
    };

    [LoggerMessage(Level = LogLevel.Debug, Message = "waiting: {Reason}")]
    private partial void LogWaiting(string reason);
}
