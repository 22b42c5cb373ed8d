using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using Network.Store.Etcd.Wire;

namespace Network.Store.Etcd;

/// <summary>One connection to the etcd cluster, moved on to its next member when one does not answer.</summary>
internal sealed class EtcdClient : IDisposable
{
    // etcd's own client waits as long before it calls a member lost.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly List<GrpcChannel> _members;
    private int _current;

    internal EtcdClient(EtcdSettings settings) => _members = [.. settings.Endpoints.Select(endpoint => GrpcChannel.ForAddress(endpoint, new GrpcChannelOptions
    {
        HttpHandler = Handler(settings),
        DisposeHttpClient = true,
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
    }))];

    internal GrpcChannel Channel => _members[Volatile.Read(ref _current) % _members.Count];

    internal void MoveOn() => Interlocked.Increment(ref _current);

    /// <summary>A call that may be made again: every member is asked once.</summary>
    internal async Task<T> ReadAsync<T>(Func<GrpcChannel, CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call(Channel, Options(cancel)).ConfigureAwait(false);
            }
            catch (RpcException e) when (IsLost(e) && attempt < _members.Count)
            {
                MoveOn();
            }
            catch (RpcException e) when (e.StatusCode != StatusCode.OutOfRange)
            {
                throw Failed(e);
            }
        }
    }

    /// <summary>A call that must not be made twice. When its answer is lost nobody knows whether it took effect, and the caller is told so.</summary>
    internal async Task<TxnResponse> WriteAsync(TxnRequest request, CancellationToken cancel)
    {
        try
        {
            return await new KV.KVClient(Channel).TxnAsync(request, Options(cancel)).ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            if (IsLost(e))
                MoveOn();
            throw Failed(e);
        }
    }

    public void Dispose()
    {
        foreach (var member in _members)
            member.Dispose();
    }

    private static CallOptions Options(CancellationToken cancel) =>
        new(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + s_patience, cancellationToken: cancel);

    private static bool IsLost(RpcException e) => e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded;

    private IOException Failed(RpcException e) => new(
        $"etcd {string.Join(", ", _members.Select(member => member.Target))}: {e.Status.StatusCode}: {e.Status.Detail}. Check that --etcd names a running etcd", e);

    private static SocketsHttpHandler Handler(EtcdSettings settings)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            // A watch may be quiet for minutes; only a ping tells a quiet member from a lost one.
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            ConnectTimeout = TimeSpan.FromSeconds(2),
        };
        var options = new SslClientAuthenticationOptions();
        if (settings.AuthorityFile is { } authority)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authority);
            options.CertificateChainPolicy = policy;
        }

        if (settings.CertificateFile is { } certificate)
            options.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, settings.KeyFile)];
        handler.SslOptions = options;
        return handler;
    }
}
