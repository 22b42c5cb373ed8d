using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authentication;
using Network.ApiServer.Registry;
using Network.Store;

namespace Network.ApiServer.Bootstrap;

/// <summary>
/// Keeps the endpoints of service default/kubernetes the set of live API servers (upstream pkg/controlplane/reconcilers/lease.go). Each server has a key that
/// expires unless it is written again; all of them follow these keys, so whoever is left removes a server that crashed.
/// </summary>
internal sealed partial class ServerEndpoints(ObjectRegistry registry, IPEndPoint own, ILogger logger) : IAsyncDisposable
{
    private const string Prefix = "/registry/masterleases/";
    private const int Attempts = 5;
    private static readonly TimeSpan s_life = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_renewal = TimeSpan.FromSeconds(5);
    private static readonly ResourceInfo s_endpoints = ResourceCatalog.Get("endpoints");
    private static readonly ResourceInfo s_slices = ResourceCatalog.Get("endpointslices", "discovery.k8s.io");

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Joins the set; the endpoints are there when this completes.</summary>
    public async Task StartAsync()
    {
        var revision = registry.Store.Revision;
        await RenewAsync();
        await ReconcileAsync();
        _running = Task.WhenAll(FollowAsync(revision, _stop.Token), KeepAsync(_stop.Token), WorkAsync(_stop.Token));
    }

    /// <summary>Leaves the set, so that nobody is sent here any more.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        try
        {
            if (registry.Store.Get(Prefix + own) is { } lease && await registry.Store.DeleteAsync(lease.Key, lease.ModRevision) is not null)
                await ReconcileAsync();
        }
        catch (Exception e) when (IsPassing(e))
        {
            // Then the key expires.
            LogFailed(logger, own, e.Message);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task KeepAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(s_renewal, registry.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancel))
            {
                await TryAsync(RenewAsync);
                _changed.Writer.TryWrite(true);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task FollowAsync(long revision, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in registry.Store.WatchAsync(Prefix, revision, cancel))
                {
                    revision = change.Entry.ModRevision;
                    // A renewal changes nothing.
                    if (change.Type == StoreEventType.Delete || change.Previous is null)
                        _changed.Writer.TryWrite(true);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e) when (e is CompactedException or WatchOverrunException)
            {
                revision = registry.Store.Revision;
                _changed.Writer.TryWrite(true);
            }
        }
    }

    private async Task WorkAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var _ in _changed.Reader.ReadAllAsync(cancel))
                await TryAsync(ReconcileAsync);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    // The next renewal tries again.
    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (IsPassing(e))
        {
            LogFailed(logger, own, e.Message);
        }
    }

    private static bool IsPassing(Exception e) => e is IOException or ApiException or OperationCanceledException or ObjectDisposedException;

    private async Task RenewAsync()
    {
        var value = Encoding.UTF8.GetBytes(registry.Time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            if (await registry.Store.PutAsync(Prefix + own, value, registry.Store.Get(Prefix + own)?.ModRevision ?? 0, s_life) is not null)
                return;
        }
    }

    private async Task ReconcileAsync()
    {
        await registry.Store.FreshAsync();
        var servers = registry.Store.List(Prefix).Entries.Select(lease => IPEndPoint.TryParse(lease.Key[Prefix.Length..], out var server) ? server : null).OfType<IPEndPoint>().ToList();
        // Whoever writes this is one itself; with nobody left, the last address is better than none.
        if (servers.Count == 0)
            return;
        await PutAsync(s_endpoints, EndpointSet.Endpoints(servers));
        var slices = EndpointSet.Slices(servers);
        foreach (var slice in slices)
            await PutAsync(s_slices, slice);
        var kept = slices.Select(slice => slice.Text("metadata", "name")).ToHashSet();
        foreach (var name in registry.FindAll(s_slices, "default").Where(slice => slice.Text("metadata", "labels", "kubernetes.io/service-name") == "kubernetes")
            .Select(slice => slice.Text("metadata", "name")).Where(name => !kept.Contains(name)).ToList())
        {
            await RemoveAsync(name);
        }
    }

    private async Task RemoveAsync(string slice)
    {
        try
        {
            await registry.DeleteAsync(Context(s_slices), slice, new DeleteOptions());
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Another server was first.
        }
    }

    private async Task PutAsync(ResourceInfo resource, JsonObject wanted)
    {
        var name = wanted.Text("metadata", "name");
        if (registry.Find(resource, "default", name) is null)
        {
            try
            {
                await registry.CreateAsync(Context(resource), (JsonObject)wanted.DeepClone());
                return;
            }
            catch (ApiException e) when (e.Reason == "AlreadyExists")
            {
                // Another server was first, perhaps with fewer addresses.
            }
        }

        await registry.UpdateAsync(Context(resource), name, old =>
        {
            foreach (var (member, value) in wanted)
            {
                if (member != "metadata")
                    old[member] = value?.DeepClone();
            }

            return old;
        });
    }

    private static WriteContext Context(ResourceInfo resource) => new(resource, "default", UserInfo.Loopback) { FieldManager = "podnet-apiserver" };

    [LoggerMessage(Level = LogLevel.Warning, Message = "endpoints of service default/kubernetes server={Server} not brought up to date, tried again: {Why}")]
    private static partial void LogFailed(ILogger logger, IPEndPoint server, string why);
}
