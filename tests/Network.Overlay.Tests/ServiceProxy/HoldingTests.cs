using Network.ServiceProxy.Announce;
using Network.TestKit;
using Xunit;

namespace Network.Overlay.Tests.ServiceProxy;

public sealed class HoldingTests
{
    private const string Other = "w1#a";
    private readonly ManualTime _time = new();
    private readonly HoldingView _view;

    public HoldingTests() => _view = new HoldingView(_time);

    [Fact]
    public void Holder_is_dead_only_after_it_was_silent_while_changes_were_heard()
    {
        _view.Hearing(true);
        _view.Saw(Other, "1");
        _time.Advance(Holding.Dead);
        Assert.NotEqual(TimeSpan.Zero, _view.UntilDead(Other));
        _view.Saw(Other, "2");
        _time.Advance(Holding.Dead + TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.Zero, _view.UntilDead(Other));
        // The same version again is no renewal.
        _view.Saw(Other, "2");
        Assert.Equal(TimeSpan.Zero, _view.UntilDead(Other));
    }

    [Fact]
    public void Silence_of_a_server_that_is_away_proves_nothing()
    {
        _view.Hearing(true);
        _view.Saw(Other, "1");
        _view.Hearing(false);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotEqual(TimeSpan.Zero, _view.UntilDead(Other));
        _view.Hearing(true);
        Assert.NotEqual(TimeSpan.Zero, _view.UntilDead(Other));
        _time.Advance(Holding.Dead + TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.Zero, _view.UntilDead(Other));
    }

    [Fact]
    public void Renewal_counts_from_when_it_was_sent_and_not_at_all_when_it_comes_too_late()
    {
        var sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.True(_view.Prolong(sent, first: true));
        _time.Advance(Holding.Valid - TimeSpan.FromMilliseconds(401));
        Assert.True(_view.MayAnswer);
        sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(_view.MayAnswer);
        Assert.False(_view.Prolong(sent, first: false));
        Assert.False(_view.MayAnswer);
    }

    // Messages late, nodes that stand still, watches that lag: whoever may answer is one at most, and mostly there is one.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Never_two_may_answer(int seed)
    {
        var world = new World(seed);
        for (var step = 0; step < 60_000; step++)
            world.Step();

        Assert.Equal(0, world.Doubles);
        Assert.InRange(world.Moves, 20, 60_000);
        Assert.InRange(world.Served, 20_000, 60_000);
    }

    /// <summary>Three nodes and a store, ten milliseconds a step.</summary>
    private sealed class World
    {
        private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(10);
        private readonly ManualTime _time = new();
        private readonly Random _random;
        private readonly List<Node> _nodes;
        private readonly Dictionary<string, string> _sessions = [];
        private readonly List<(int Due, Action Deliver)> _later = [];
        private string _holder = "";
        private int _now;
        private int _version;

        internal World(int seed)
        {
            _random = new Random(seed);
            _nodes = Enumerable.Range(1, 3).Select(i => new Node($"w{i}", new HoldingView(_time))).ToList();
            _nodes.ForEach(node => node.View.Hearing(true));
        }

        internal int Doubles { get; private set; }

        internal int Moves { get; private set; }

        internal int Served { get; private set; }

        internal void Step()
        {
            _now++;
            _time.Advance(s_step);
            foreach (var (due, deliver) in _later.Where(later => later.Due <= _now).ToList())
            {
                _later.Remove((due, deliver));
                deliver();
            }

            foreach (var node in _nodes)
            {
                if (_random.Next(1500) == 0)
                    node.StandsUntil = _now + _random.Next(400);
                if (node.StandsUntil <= _now)
                    Act(node);
            }

            var answering = _nodes.Count(node => node.Holds && node.View.MayAnswer);
            Doubles += answering > 1 ? 1 : 0;
            Served += answering == 1 ? 1 : 0;
        }

        private int Delay() => _random.Next(20) == 0 ? _random.Next(150) : _random.Next(3);

        private void Act(Node node)
        {
            if (node.Holds && !node.View.MayAnswer)
                node.Holds = false;
            if (node.Holds && !node.Renewing && _now - node.Renewed >= 25)
                Renew(node, first: false, () => { });
            else if (!node.Holds && !node.Renewing && _holder.Split('#')[0] != node.Name && (_holder.Length == 0 || node.View.UntilDead(_holder) == TimeSpan.Zero))
                Take(node);
            else if (!node.Holds && !node.Renewing && _holder.StartsWith(node.Name + "#", StringComparison.Ordinal) && node.View.UntilDead(_holder) == TimeSpan.Zero)
                Take(node);
        }

        private void Take(Node node)
        {
            var expected = _holder;
            if (expected.Length > 0 && _sessions.GetValueOrDefault(expected, "") is { Length: > 0 } version && version != node.View.VersionOf(expected))
            {
                node.View.Saw(expected, version);
                return;
            }

            node.Session = $"{node.Name}#{++_version}";
            Renew(node, first: true, () =>
            {
                if (_holder != expected || !node.View.MayAnswer)
                    return;
                _holder = node.Session;
                Moves++;
                node.Holds = true;
            });
        }

        // Written at some moment, answered later, heard by the others at moments of their own.
        private void Renew(Node node, bool first, Action then)
        {
            node.Renewing = true;
            var (sent, session) = (_time.GetTimestamp(), node.Session);
            var written = _now + Delay();
            _later.Add((written, () =>
            {
                var version = _sessions[session] = $"{++_version}";
                foreach (var other in _nodes)
                    _later.Add((_now + Delay(), () => other.View.Saw(session, version)));
                _later.Add((_now + Delay(), () => Answered(node, sent, first, then)));
            }));
        }

        private void Answered(Node node, long sent, bool first, Action then)
        {
            if (node.StandsUntil > _now)
            {
                _later.Add((node.StandsUntil, () => Answered(node, sent, first, then)));
                return;
            }

            node.Renewing = false;
            node.Renewed = _now;
            if (node.View.Prolong(sent, first))
                then();
            else
                node.Holds = false;
        }

        private sealed class Node(string name, HoldingView view)
        {
            internal string Name { get; } = name;

            internal HoldingView View { get; } = view;

            internal string Session { get; set; } = "";

            internal bool Holds { get; set; }

            internal bool Renewing { get; set; }

            internal int Renewed { get; set; }

            internal int StandsUntil { get; set; }
        }
    }
}
