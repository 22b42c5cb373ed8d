namespace Network.Overlay;

/// <summary>
/// Finds the largest packet a way carries. The full size is asked first and again every now and then, because paths
/// change; only when it is lost repeatedly while small packets come through does the bisection begin. Pure: it is told what
/// became of a size and says which to ask next.
/// </summary>
internal sealed class PathMtuSearch(int least, int full)
{
    private const int Tries = 3;

    // Tunnels and options come in steps of 4 and 8; a closer look is not worth its packets.
    private const int CloseEnough = 8;
    private readonly int _least = least, _full = full;
    private int _known = least;
    private int _lost = full + 1;
    private int _misses;

    /// <summary>What the way is known to carry; 0 while nothing is known.</summary>
    internal int Found { get; private set; }

    /// <summary>The search is at work, so the next question should follow soon.</summary>
    internal bool IsSearching => _lost <= _full && Found == 0;

    internal int Full => _full;

    /// <summary>The size to ask next.</summary>
    internal int Next => IsSearching ? (_known + _lost) / 2 : _full;

    internal void Arrived(int size)
    {
        _misses = 0;
        if (size >= _full)
        {
            (_known, _lost, Found) = (_full, _full + 1, _full);
            return;
        }

        _known = Math.Max(_known, size);
        Conclude();
    }

    /// <summary>A question of this size had no answer although small ones have.</summary>
    internal void Lost(int size)
    {
        if (size != Next || ++_misses < Tries)
            return;
        _misses = 0;
        if (size >= _full && Found is > 0 and var former && former < _full)
            return; // Still as small as it was.
        if (size >= _full)
            (_known, Found) = (_least, 0);
        _lost = size;
        Conclude();
    }

    private void Conclude()
    {
        if (_lost <= _full && _lost - _known <= CloseEnough)
            Found = _known;
    }
}
