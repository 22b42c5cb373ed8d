namespace Network.Overlay;

/// <summary>
/// Finds the largest packet a way carries. The full size is asked first and, because paths change both ways, it and what was
/// found are asked again in turn; only when one of them is lost repeatedly while small packets come through does the
/// bisection begin. Pure: it is told what became of a size and says which to ask next.
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
    private bool _fullsTurn;

    /// <summary>What the way is known to carry; 0 while nothing is known.</summary>
    internal int Found { get; private set; }

    /// <summary>The search is at work, or what was found is in doubt, so the next question should follow soon.</summary>
    internal bool IsSearching => (_lost <= _full && Found == 0) || (Found != 0 && _misses > 0);

    internal int Full => _full;

    /// <summary>The size to ask next.</summary>
    internal int Next => Found == 0 ? (_lost <= _full ? (_known + _lost) / 2 : _full)
        : Found < _full && _misses == 0 && _fullsTurn ? _full : Found;

    /// <summary>A question of the size that was next has left.</summary>
    internal void Asked() => _fullsTurn = !_fullsTurn;

    internal void Arrived(int size)
    {
        if (size >= _full)
        {
            (_known, _lost, Found, _misses) = (_full, _full + 1, _full, 0);
            return;
        }

        if (size >= Found)
            _misses = 0;
        if (Found != 0)
            return;
        _known = Math.Max(_known, size);
        Conclude();
    }

    /// <summary>A question of this size had no answer although small ones have.</summary>
    internal void Lost(int size)
    {
        // The full size is expected to be lost where less was found; other sizes belong to a search that is over.
        if (size != (Found == 0 ? Next : Found) || ++_misses < Tries)
            return;
        _misses = 0;
        if (Found != 0 || size >= _full)
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
