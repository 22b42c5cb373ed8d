using System.Net;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Client;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Client;

public sealed class InformerTests : IAsyncLifetime
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(15);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<string> _seen = [];
    private BreakingServer _server = null!;
    private ApiClient _client = null!;
    private Informer<V1ConfigMap> _informer = null!;
    private Task _running = Task.CompletedTask;

    private string Seen
    {
        get
        {
            lock (_lock)
                return string.Join(' ', _seen);
        }
    }

    public async ValueTask InitializeAsync()
    {
        _server = await BreakingServer.StartAsync();
        _client = new ApiClient(new ApiEndpoint(_server.Address));
        _informer = new Informer<V1ConfigMap>(_client, Resources.ConfigMaps, ListQuery.All, NullLogger.Instance);
        _informer.Changed += change =>
        {
            lock (_lock)
                _seen.Add($"{(change.IsDelete ? '-' : change.Old is null ? '+' : '~')}{change.Object.Metadata.Name}{change.Object.Data["v"]}");
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task List_then_watch_tells_every_change_in_order()
    {
        _server.Put("a", "1");
        await StartAsync();
        Assert.Equal("+a1", Seen);
        _server.Put("b", "1");
        _server.Put("a", "2");
        _server.Delete("b");

        await SeenAsync("+a1 +b1 ~a2 -b1");
        Assert.Equal(["ns/a"], _informer.Items.Keys);
        Assert.Equal("2", _informer.Find("ns/a")!.Data["v"]);
    }

    [Theory]
    [InlineData((int)Break.Cleanly)]
    [InlineData((int)Break.Abruptly)]
    [InlineData((int)Break.InALine)]
    public async Task Broken_watch_goes_on_where_it_ended(int how)
    {
        await StartAsync();
        _server.Put("a", "1");
        await SeenAsync("+a1");

        _server.BreakAll((Break)how);
        _server.Put("a", "2");
        _server.Delete("a");
        _server.Put("a", "3");

        await SeenAsync("+a1 ~a2 -a2 +a3");
        Assert.Equal(1, _server.Lists);
    }

    [Fact]
    public async Task Compacted_history_is_listed_again_and_only_the_difference_is_told()
    {
        _server.Put("a", "1");
        _server.Put("b", "1");
        _server.Put("c", "1");
        await StartAsync();
        _server.Refusal = HttpStatusCode.ServiceUnavailable;
        _server.BreakAll(Break.Abruptly);
        _server.Delete("a");
        _server.Put("b", "2");
        _server.Put("b", "3");
        _server.Put("d", "1");
        _server.Compact();
        _server.Refusal = null;

        await Eventually.TrueAsync(() => _server is { Lists: 2, OpenWatches: > 0 }, s_deadline, () => Seen);
        _server.Put("e", "1");
        await Eventually.TrueAsync(() => Seen.EndsWith("+e1", StringComparison.Ordinal), s_deadline, () => Seen);
        Assert.Equal(["+a1", "+b1", "+c1", "+d1", "+e1", "-a1", "~b3"], _seen.Order(StringComparer.Ordinal));
        Assert.Equal(["ns/b", "ns/c", "ns/d", "ns/e"], _informer.Items.Keys.Order());
    }

    [Fact]
    public async Task Bookmark_saves_a_quiet_watch_from_compaction()
    {
        await StartAsync();
        _server.Put("a", "1");
        _server.Delete("a");
        _server.Put("b", "1");
        _server.Bookmark();
        await SeenAsync("+a1 -a1 +b1");
        _server.Compact();
        _server.BreakAll(Break.Cleanly);
        _server.Put("b", "2");

        await SeenAsync("+a1 -a1 +b1 ~b2");
        Assert.Equal(1, _server.Lists);
    }

    [Fact]
    public async Task No_event_is_lost_or_doubled_however_often_the_server_breaks()
    {
        await StartAsync();
        var expected = new List<string>();
        var random = new Random(410);
        for (var i = 0; i < 300; i++)
        {
            _server.Put("a", i.ToString());
            expected.Add($"{(i == 0 ? '+' : '~')}a{i}");
            if (random.Next(10) == 0)
            {
                _server.BreakAll(random.GetItems(Enum.GetValues<Break>(), 1)[0]);
                await Eventually.TrueAsync(() => _server.OpenWatches > 0, s_deadline);
            }
        }

        await SeenAsync(string.Join(' ', expected));
        Assert.Equal(1, _server.Lists);
    }

    [Fact]
    public async Task Refused_watch_is_asked_for_less_and_less_often()
    {
        await StartAsync();
        var before = _server.WatchesAsked.Count;
        _server.Refusal = HttpStatusCode.ServiceUnavailable;
        _server.BreakAll(Break.Abruptly);

        await Eventually.TrueAsync(() => _server.WatchesAsked.Count >= before + 6, s_deadline);

        var asked = _server.WatchesAsked.Skip(before).ToList();
        // 50, 100, 200, 400 ms after the second: a timer may be late, never early.
        Assert.InRange(TimeProvider.System.GetElapsedTime(asked[4], asked[5]), TimeSpan.FromMilliseconds(190), s_deadline);
        Assert.False(_informer.Connected);
    }

    [Fact]
    public async Task Server_that_is_not_there_yet_is_waited_for()
    {
        var port = _server.Address.Port;
        await _server.DisposeAsync();
        _running = _informer.RunAsync(_stop.Token);
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.ListAsync(Resources.ConfigMaps, ListQuery.All));
        Assert.False(_informer.Synced.IsCompleted);

        _server = await BreakingServer.StartAsync(port);
        _server.Put("a", "1");

        await _informer.Synced.WaitAsync(s_deadline);
        await SeenAsync("+a1");
    }

    private async Task StartAsync()
    {
        _running = _informer.RunAsync(_stop.Token);
        await _informer.Synced.WaitAsync(s_deadline);
        await Eventually.TrueAsync(() => _server.OpenWatches > 0, s_deadline);
    }

    private async Task SeenAsync(string expected)
    {
        await Eventually.TrueAsync(() => Seen.Length >= expected.Length || _running.IsCompleted, s_deadline, () => Seen);
        Assert.False(_running.IsFaulted, _running.Exception?.ToString());
        Assert.Equal(expected, Seen);
    }
}
