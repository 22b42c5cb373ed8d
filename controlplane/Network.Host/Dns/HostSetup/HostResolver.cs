using System.Threading.Channels;
using Network.Netlink;

namespace Network.Host.Dns.HostSetup;

/// <summary>
/// Leads the host's questions about the cluster to the cluster's DNS servers: holds the settings of one link in
/// systemd-resolved for as long as it runs, and takes them back at the end.
/// </summary>
/// <param name="announce">Gets a report of everything that was done.</param>
public sealed class HostResolver(HostSetupOptions options, TimeProvider time, Action<HostSetupReport> announce)
{
    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_reverting = TimeSpan.FromMilliseconds(1500);
    private readonly ServerWatch _watch = new(options, time);
    private string? _waiting;
    private Link? _held;

    /// <summary>Holds the settings until cancelled, then reverts them.</summary>
    /// <exception cref="HostSetupException">It cannot be done here. Once it could, what is missing is waited for.</exception>
    public async Task HoldAsync(CancellationToken cancel)
    {
        var bus = await ResolvedBus.ConnectAsync(options.Bus).ConfigureAwait(false);
        try
        {
            await SetFirstAsync(bus).ConfigureAwait(false);
            while (!cancel.IsCancellationRequested)
            {
                await FollowAsync(bus, cancel).ConfigureAwait(false);
                if (cancel.IsCancellationRequested)
                    break;
                Wait("the bus has gone");
                bus.Dispose();
                bus = await ConnectAgainAsync(cancel).ConfigureAwait(false) ?? bus;
            }
        }
        finally
        {
            await RevertHeldAsync(bus).ConfigureAwait(false);
            bus.Dispose();
        }
    }

    /// <summary>What would be set, without setting it.</summary>
    public async Task PlanAsync()
    {
        using var bus = await ResolvedBus.ConnectAsync(options.Bus).ConfigureAwait(false);
        var link = Locate() ?? throw NoLink();
        var present = await bus.ReadAsync(link).ConfigureAwait(false);
        Refuse(link, present);
        var desired = LinkPlan.Desired(options, _ => true);
        Report(HostSetupEvent.Planned, link, desired, LinkPlan.Difference(desired, present), present);
    }

    /// <summary>Takes back what an earlier run left, on the link given or wherever it is.</summary>
    /// <returns>Links that were reverted.</returns>
    public async Task<int> RevertAsync()
    {
        using var bus = await ResolvedBus.ConnectAsync(options.Bus).ConfigureAwait(false);
        if (options.Link is { } name && NetworkView.Read().Links.All(link => link.Name != name))
            throw NoLink();
        return await SweepAsync(bus, link => options.Link is null || link.Name == options.Link).ConfigureAwait(false);
    }

    private async Task SetFirstAsync(ResolvedBus bus)
    {
        var link = Locate() ?? throw NoLink();
        Refuse(link, await bus.ReadAsync(link).ConfigureAwait(false));
        await SweepAsync(bus, other => other.Index != link.Index).ConfigureAwait(false);
        await SetAsync(bus, link, first: true).ConfigureAwait(false);
    }

    // Until the bus is lost or all is over. Whatever happens only wakes; what to do is found by comparing.
    private async Task FollowAsync(ResolvedBus bus, CancellationToken cancel)
    {
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Wake() => wake.Writer.TryWrite(true);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var monitor = RouteMonitor.Open();
        using var owner = await bus.WatchOwnerAsync(_ => Wake()).ConfigureAwait(false);
        Task[] following = [WatchLinksAsync(monitor, Wake, stop.Token), _watch.RunAsync(Wake, stop.Token)];
        try
        {
            while (!bus.Lost.IsCompleted)
            {
                var next = await Task.WhenAny(wake.Reader.ReadAsync(stop.Token).AsTask(), bus.Lost).ConfigureAwait(false);
                if (stop.IsCancellationRequested || next == bus.Lost)
                    return;
                if (!await ReconcileAsync(bus).ConfigureAwait(false))
                    _ = WakeLaterAsync(Wake, stop.Token);
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchLinksAsync(RouteMonitor monitor, Action wake, CancellationToken cancel)
    {
        await foreach (var happened in monitor.ReadAsync(cancel).ConfigureAwait(false))
        {
            if (Concerns(happened))
                wake();
        }
    }

    // Pods come and go on a node all day: only the link held matters while it is there.
    private bool Concerns(RouteEvent happened) => happened.Kind switch
    {
        RouteEventKind.Resync => true,
        RouteEventKind.Link => _held is null || happened.Link!.Index == _held.Index || happened.Link.Name == _held.Name,
        RouteEventKind.Address => _held is null || happened.Address!.LinkIndex == _held.Index,
        RouteEventKind.Route => _held is null && options.Link is null,
        _ => false,
    };

    private async Task WakeLaterAsync(Action wake, CancellationToken cancel)
    {
        await Task.Delay(s_again, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        wake();
    }

    /// <returns>False when it should be tried again soon, although nothing may happen until then.</returns>
    private async Task<bool> ReconcileAsync(ResolvedBus bus)
    {
        try
        {
            var link = Locate();
            if (link is null)
            {
                _held = null;
                Wait(NoLink().Message);
                return true;
            }

            if (_held is { } before && before.Index != link.Index && NetworkView.Read().Links.Any(known => known.Index == before.Index))
                await bus.RevertAsync(before).ConfigureAwait(false);
            await SetAsync(bus, link, first: false).ConfigureAwait(false);
            return true;
        }
        catch (HostSetupException e) when (e.MayPass)
        {
            Wait(e.Message.Split('\n')[0]);
            return e.IsSignalled;
        }
    }

    private async Task SetAsync(ResolvedBus bus, Link link, bool first)
    {
        var present = await bus.ReadAsync(link).ConfigureAwait(false);
        Refuse(link, present);
        var desired = LinkPlan.Desired(options, _watch.IsHealthy);
        var calls = LinkPlan.Difference(desired, present);
        _held = link;
        foreach (var call in calls)
            await bus.ApplyAsync(link, call).ConfigureAwait(false);
        if (calls.Count > 0)
            await bus.FlushAsync().ConfigureAwait(false);
        var returned = _waiting is not null;
        _waiting = null;
        if (first || returned || calls.Count > 0)
            Report(HostSetupEvent.Set, link, desired, calls, calls.Count == 0 ? present : await bus.ReadAsync(link).ConfigureAwait(false));
    }

    private async Task<ResolvedBus?> ConnectAgainAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                return await ResolvedBus.ConnectAsync(options.Bus).ConfigureAwait(false);
            }
            catch (HostSetupException)
            {
                await Task.Delay(s_again, time, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return null;
    }

    private async Task RevertHeldAsync(ResolvedBus bus)
    {
        if (_held is not { } link)
            return;
        try
        {
            var present = await bus.ReadAsync(link).WaitAsync(s_reverting, time).ConfigureAwait(false);
            if (LinkPlan.IsForeign(present, options.Zone))
                return;
            await bus.RevertAsync(link).WaitAsync(s_reverting, time).ConfigureAwait(false);
            await bus.FlushAsync().WaitAsync(s_reverting, time).ConfigureAwait(false);
            announce(new HostSetupReport(HostSetupEvent.Reverted) { Link = link.Name, Index = link.Index });
        }
        catch (Exception e) when (e is HostSetupException or TimeoutException or ObjectDisposedException)
        {
            announce(new HostSetupReport(HostSetupEvent.Waiting)
            {
                Link = link.Name,
                Index = link.Index,
                Warnings = [$"{link.Name} could not be reverted ({e.Message.Split('\n')[0]}); podnet dns host-setup --revert does it later"],
            });
        }
    }

    // What a run that was killed left behind, found by its domains.
    private async Task<int> SweepAsync(ResolvedBus bus, Func<Link, bool> among)
    {
        var reverted = 0;
        foreach (var link in NetworkView.Read().Links.Where(link => !link.IsLoopback && among(link)))
        {
            LinkSettings present;
            try
            {
                present = await bus.ReadAsync(link).ConfigureAwait(false);
            }
            catch (HostSetupException e) when (e.GetBaseException() is Tmds.DBus.Protocol.DBusErrorReplyException { ErrorName: ResolvedRefusal.NoSuchLink })
            {
                continue;
            }

            if (!LinkPlan.IsOurs(present, options.Zone))
                continue;
            await bus.RevertAsync(link).ConfigureAwait(false);
            announce(new HostSetupReport(HostSetupEvent.Reverted) { Link = link.Name, Index = link.Index });
            reverted++;
        }

        if (reverted > 0)
            await bus.FlushAsync().ConfigureAwait(false);
        return reverted;
    }

    private Link? Locate()
    {
        var network = NetworkView.Read();
        return options.Link is { } name ? network.Links.FirstOrDefault(link => link.Name == name) : LinkChoice.Find(options.Servers[0].Address, options, network);
    }

    private HostSetupException NoLink() => options.Link is { } name
        ? new HostSetupException($"link {name} is not on this host (or in this network namespace); ip link shows what is, --link names another") { MayPass = true }
        : new HostSetupException($"no link of this host leads to {options.Servers[0].Address} (a default route does not count); "
            + "run it on a node, or give the host a route to a node and name the link with --link") { MayPass = true };

    private void Refuse(Link link, LinkSettings present)
    {
        if (link.IsLoopback)
            throw new HostSetupException($"link {link.Name} is the loopback, over which systemd-resolved asks nobody; --link names another");
        if (LinkPlan.IsForeign(present, options.Zone))
        {
            var holds = string.Join(' ', [.. present.Servers.Select(LinkPlan.Text), .. present.Domains.Select(domain => domain.ToString())]);
            throw new HostSetupException($"link {link.Name} has DNS settings of somebody else ({holds}), which would be lost; --link names the cluster's own link");
        }
    }

    private void Wait(string why)
    {
        if (_waiting == why)
            return;
        _waiting = why;
        announce(new HostSetupReport(HostSetupEvent.Waiting) { Link = _held?.Name ?? options.Link ?? "", Index = _held?.Index ?? 0, Warnings = [why] });
    }

    private void Report(HostSetupEvent what, Link link, LinkSettings desired, IReadOnlyList<LinkCall> calls, LinkSettings present) => announce(new HostSetupReport(what)
    {
        Link = link.Name,
        Index = link.Index,
        Servers = desired.Servers.Select(LinkPlan.Text).ToList(),
        Domains = desired.Domains.Select(domain => domain.ToString()).ToList(),
        Changes = calls.Select(call => call.ToString()!).ToList(),
        Warnings = [.. Warnings(what, link, desired, present)],
    });

    private IEnumerable<string> Warnings(HostSetupEvent what, Link link, LinkSettings desired, LinkSettings present)
    {
        if (what == HostSetupEvent.Set && !present.Active)
            yield return $"{link.Name} is down, without a carrier or without an address: systemd-resolved asks nobody over it until that changes";
        var network = NetworkView.Read();
        foreach (var server in options.Servers.Where(server => !LinkChoice.LeadsTo(link, server.Address, network)))
            yield return $"no route over {link.Name} leads to server {LinkPlan.Text(server)}, and systemd-resolved asks the servers of a link over that link alone";
        foreach (var server in options.Servers.Where(server => !_watch.IsHealthy(server)))
            yield return $"server {LinkPlan.Text(server)} does not answer for {options.Zone}{(desired.Servers.Contains(server) ? "; it stays, because no other does" : "")}";
        if (StubCheck.Warning(options.ResolvConf, File.Exists(options.ResolvConf) ? File.ReadAllText(options.ResolvConf) : null) is { } stub)
            yield return stub;
    }
}
