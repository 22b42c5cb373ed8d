using System.Threading.Channels;
using Network.Netlink.Netfilter;

namespace Network.ServiceProxy.Backends;

/// <summary>
/// Who made which generation of a namespace's nf_tables, and whether it was to what is ours. It is fed by the kernel's own events, so
/// nothing has to be read again because somebody else, elsewhere, changed something.
/// </summary>
/// <param name="concerns">Whether a change is to something of ours.</param>
internal sealed class NftLedger(Func<NftEvent, bool> concerns) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private const int MostKept = 4096;
    private readonly Lock _lock = new();
    private readonly HashSet<uint> _own = [];
    private readonly List<(uint Generation, NftFamily Family)> _touched = [];
    private readonly ManualResetEventSlim _progress = new();
    private NftMonitor? _monitor;
    private uint _seen;

    /// <summary>The generation that what we know holds for.</summary>
    internal uint Generation { get; set; }

    /// <summary>Begins to listen. Before, everybody is taken to have touched everything.</summary>
    /// <param name="touched">Called for each commit that concerns us; 0 when commits may have been missed. It may be one of our own.</param>
    internal void Listen(string? netNs, Action<uint> touched)
    {
        if (_monitor is not null)
            return;
        _monitor = NftMonitor.Open(netNs);
        _ = FollowAsync(_monitor.Events, touched);
    }

    /// <summary>Whether a commit is somebody else's; 0 asks for any that was missed.</summary>
    internal bool IsForeign(uint generation, NftSocket socket)
    {
        if (generation == 0)
            return socket.Generation().Id != Generation;
        lock (_lock)
            return !_own.Contains(generation);
    }

    /// <summary>Our transaction made the next generation.</summary>
    internal void Committed()
    {
        lock (_lock)
        {
            if (_own.Count > MostKept)
                _own.Clear();
            _own.Add(++Generation);
        }
    }

    /// <summary>Whether anybody else changed what is ours of a family between the generation we know and a later one.</summary>
    internal bool OthersTouched(NftFamily family, uint until)
    {
        if (_monitor is null)
            return true;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            lock (_lock)
            {
                if ((int)(_seen - until) >= 0)
                    return _touched.Any(entry => entry.Family == family && (int)(entry.Generation - Generation) > 0 && !_own.Contains(entry.Generation));
                _progress.Reset();
            }

            if (clock.Elapsed > s_patience)
                return true;
            _progress.Wait(s_patience);
        }
    }

    public void Dispose()
    {
        _monitor?.Dispose();
        _progress.Dispose();
    }

    private async Task FollowAsync(ChannelReader<NftEvent> events, Action<uint> touched)
    {
        var families = new HashSet<NftFamily>();
        await foreach (var happened in events.ReadAllAsync().ConfigureAwait(false))
        {
            if (happened.Kind == NftEventKind.Resync)
                touched(0);
            else if (happened.Kind == NftEventKind.Change && concerns(happened))
                families.Add(happened.Family);
            if (happened.Kind != NftEventKind.Commit)
                continue;
            Note(happened.Generation.Id, families);
            if (families.Count > 0)
                touched(happened.Generation.Id);
            families.Clear();
        }
    }

    private void Note(uint generation, HashSet<NftFamily> families)
    {
        lock (_lock)
        {
            if (_touched.Count > MostKept)
                _touched.RemoveRange(0, MostKept / 2);
            _touched.AddRange(families.Select(family => (generation, family)));
            _seen = generation;
            _progress.Set();
        }
    }
}
