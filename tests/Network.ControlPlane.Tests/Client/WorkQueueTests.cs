using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Client;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Client;

public sealed class WorkQueueTests : IAsyncDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _begun = Channel.CreateUnbounded<string>();
    private readonly Channel<TimeSpan?> _results = Channel.CreateUnbounded<TimeSpan?>();
    private readonly WorkQueue<string> _queue;
    private Task _running = Task.CompletedTask;
    private Func<string, Exception?> _failure = _ => null;

    public WorkQueueTests() => _queue = new WorkQueue<string>("test", _time, NullLogger.Instance);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    [Fact]
    public async Task Key_added_many_times_is_worked_on_once()
    {
        for (var i = 0; i < 100; i++)
            _queue.Add("a");
        _queue.Add("b");
        Assert.Equal(2, _queue.Depth);
        Start(1);

        Assert.Equal("a", await BegunAsync());
        Finish();
        Assert.Equal("b", await BegunAsync());
        Finish();
        await QuietAsync();
    }

    [Fact]
    public async Task Key_that_changes_while_it_is_worked_on_comes_again_afterwards_and_only_once()
    {
        Start(4);
        _queue.Add("a");
        await BegunAsync();
        for (var i = 0; i < 10; i++)
            _queue.Add("a");

        // Three idle workers do not take it while the first is at it.
        _queue.Add("b");
        Assert.Equal("b", await BegunAsync());
        Assert.False(_begun.Reader.TryRead(out _));
        Finish();
        Finish();

        Assert.Equal("a", await BegunAsync());
        Finish();
        await QuietAsync();
    }

    [Fact]
    public async Task Failures_come_again_after_5_ms_doubling_to_30_s_and_success_starts_over()
    {
        _failure = _ => new InvalidOperationException("no");
        Start(1);
        _queue.Add("a");
        var delays = new List<double>();
        for (var i = 0; i < 15; i++)
        {
            await BegunAsync();
            Finish();
            await Eventually.TrueAsync(() => _time.Waiting == 1, s_deadline);
            delays.Add(_time.Next!.Value.TotalMilliseconds);
            if (i == 14)
                _failure = _ => null;
            _time.Advance(_time.Next.Value);
        }

        Assert.Equal([5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 30000, 30000], delays);
        await BegunAsync();
        Finish();
        await QuietAsync();
        _failure = _ => new ApiException(HttpStatusCode.Conflict, "Conflict", "somebody was faster");
        _queue.Add("a");
        await BegunAsync();
        Finish();
        await Eventually.TrueAsync(() => _time.Waiting == 1, s_deadline);
        Assert.Equal(5, _time.Next!.Value.TotalMilliseconds);
    }

    [Fact]
    public async Task Key_is_worked_on_again_when_the_work_asks_for_it()
    {
        Start(1);
        _queue.Add("a");
        await BegunAsync();
        Finish(TimeSpan.FromSeconds(10));
        await Eventually.TrueAsync(() => _time.Waiting == 1, s_deadline);
        _time.Advance(TimeSpan.FromSeconds(9.999));
        Assert.Equal(0, _queue.Depth);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal("a", await BegunAsync());
        Finish();
    }

    [Fact]
    public async Task Appointments_of_one_key_do_not_pile_up()
    {
        Start(1);
        for (var i = 0; i < 5; i++)
        {
            _queue.Add("a");
            await BegunAsync();
            Finish(TimeSpan.FromSeconds(10));
            await QuietAsync();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, _time.Waiting);
        _queue.AddAfter("a", TimeSpan.FromSeconds(1));
        Assert.Equal(1, _time.Waiting);
        Assert.Equal(TimeSpan.FromSeconds(1), _time.Next);
    }

    private void Start(int workers) => _running = _queue.RunAsync(workers, async (key, cancel) =>
    {
        _begun.Writer.TryWrite(key);
        var again = await _results.Reader.ReadAsync(cancel);
        return key == "a" && _failure(key) is { } failure ? throw failure : again;
    }, _stop.Token);

    private void Finish(TimeSpan? again = null) => _results.Writer.TryWrite(again);

    private async Task<string> BegunAsync()
    {
        using var limit = new CancellationTokenSource(s_deadline);
        return await _begun.Reader.ReadAsync(limit.Token);
    }

    // A key of its own goes through the one queue; whatever else was due has been taken before it.
    private async Task QuietAsync()
    {
        _queue.Add("end");
        Assert.Equal("end", await BegunAsync());
        Finish();
        await Eventually.TrueAsync(() => _results.Reader.Count == 0, s_deadline);
    }
}
