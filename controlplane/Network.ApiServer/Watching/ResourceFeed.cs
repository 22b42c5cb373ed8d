using System.Threading.Channels;
using Network.Api.Resources;
using Network.Store;

namespace Network.ApiServer.Watching;

/// <summary>The recent events of one resource and who follows them.</summary>
internal sealed class ResourceFeed(ResourceInfo resource)
{
    private const int History = 1000;
    private const int LiveForms = 32;
    private const int MaxLag = 1000;

    private readonly Lock _gate = new();
    private readonly LinkedList<SharedEvent> _recent = [];
    private readonly HashSet<Follower> _followers = [];
    private readonly SharedEvent?[] _encoded = new SharedEvent?[LiveForms];
    private int _next;
    private long _floor;

    public ResourceInfo Resource => resource;

    /// <summary>Starts over at a revision; whoever follows is cut off.</summary>
    public void Begin(long revision)
    {
        lock (_gate)
        {
            _floor = revision;
            _recent.Clear();
            foreach (var follower in _followers)
                follower.Events.Writer.TryComplete();
            _followers.Clear();
        }
    }

    public void Publish(StoreEvent change)
    {
        var shared = new SharedEvent(resource, change);
        lock (_gate)
        {
            _recent.AddLast(shared);
            if (_recent.Count > History)
            {
                _floor = _recent.First!.Value.Revision;
                _recent.RemoveFirst();
            }

            // Slow readers pay for their own encoding again; memory stays bounded.
            _encoded[_next]?.Forget();
            _encoded[_next] = shared;
            _next = (_next + 1) % LiveForms;
            foreach (var follower in _followers)
            {
                // The hub may still be behind the list this follower started from.
                if (shared.Revision > follower.After && !follower.Events.Writer.TryWrite(shared))
                    follower.Events.Writer.TryComplete();
            }
        }
    }

    public ChannelReader<SharedEvent>? Subscribe(long afterRevision, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (afterRevision < _floor)
                return null;
            var missed = _recent.Where(e => e.Revision > afterRevision).ToList();
            var channel = Channel.CreateBounded<SharedEvent>(new BoundedChannelOptions(MaxLag + missed.Count) { SingleReader = true, SingleWriter = true });
            foreach (var shared in missed)
                channel.Writer.TryWrite(shared);
            var follower = new Follower(channel, afterRevision);
            _followers.Add(follower);
            cancel.Register(() => Unsubscribe(follower));
            return channel.Reader;
        }
    }

    private void Unsubscribe(Follower follower)
    {
        lock (_gate)
            _followers.Remove(follower);
        follower.Events.Writer.TryComplete();
    }

    private sealed record Follower(Channel<SharedEvent> Events, long After);
}
