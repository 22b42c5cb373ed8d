using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Network.Kernel.Tests.Cni.Cri;

namespace Network.Kernel.Tests.Cni;

/// <summary>Speaks to containerd as a kubelet does.</summary>
internal sealed class CriClient : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly RuntimeService.RuntimeServiceClient _runtime;

    internal CriClient(string socket)
    {
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancel) =>
                {
                    var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                    return new NetworkStream(connection, ownsSocket: true);
                },
            },
        });
        _runtime = new RuntimeService.RuntimeServiceClient(_channel);
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>What keeps the runtime from making pods; null when nothing does.</summary>
    internal async Task<string?> ObstacleAsync()
    {
        try
        {
            var answer = await _runtime.StatusAsync(new StatusRequest());
            return answer.Status.Conditions.FirstOrDefault(condition => !condition.Status)?.Message;
        }
        catch (RpcException e)
        {
            return e.Message;
        }
    }

    internal async Task<(string Id, string Address)> RunAsync(string name, string logs, int hostPort)
    {
        var config = new PodSandboxConfig
        {
            Metadata = new PodSandboxMetadata { Name = name, Uid = $"uid-{name}", Namespace = "shop" },
            Hostname = name,
            LogDirectory = logs,
            Linux = new LinuxPodSandboxConfig { CgroupParent = "/podnet-test" },
            Annotations = { ["kubernetes.io/ingress-bandwidth"] = "8M", ["kubernetes.io/egress-bandwidth"] = "4M" },
            PortMappings = { new PortMapping { HostPort = hostPort, ContainerPort = 80 } },
        };
        var id = (await _runtime.RunPodSandboxAsync(new RunPodSandboxRequest { Config = config })).PodSandboxId;
        return (id, (await _runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = id })).Status.Network.Ip);
    }

    internal async Task RemoveAsync(string id)
    {
        await _runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = id });
        await _runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = id });
    }
}
