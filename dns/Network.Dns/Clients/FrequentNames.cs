using Network.Dns.Wire;

namespace Network.Dns.Clients;

/// <summary>
/// The names counted most, in a fixed number of places (the Space-Saving algorithm, Metwally, Agrawal and El Abbadi 2005): a
/// new name takes the place of the least counted one with its count, so a name that is really frequent is always there and its
/// count is too high by at most that of the least. Nothing a client asks can make it grow, and adding allocates nothing.
/// </summary>
internal sealed class FrequentNames
{
    internal const int Places = 64;
    private readonly Lock _lock = new();
    private readonly ulong[] _hashes = new ulong[Places];
    private readonly long[] _counts = new long[Places];
    private readonly int[] _lengths = new int[Places];
    private readonly byte[] _names = new byte[Places * WireName.ScratchLength];

    /// <param name="hash">Of the name, see <see cref="WireName.Fold"/>.</param>
    /// <param name="name">Folded, on the wire.</param>
    internal void Add(ulong hash, ReadOnlySpan<byte> name)
    {
        lock (_lock)
        {
            var least = 0;
            for (var i = 0; i < Places; i++)
            {
                if (_hashes[i] == hash && _counts[i] > 0 && NameAt(i).SequenceEqual(name))
                {
                    _counts[i]++;
                    return;
                }

                if (_counts[i] < _counts[least])
                    least = i;
            }

            (_hashes[least], _lengths[least]) = (hash, name.Length);
            _counts[least]++;
            name.CopyTo(_names.AsSpan(least * WireName.ScratchLength));
        }
    }

    /// <summary>The most frequent ones, first the first.</summary>
    internal IReadOnlyList<(string Name, long Count)> Top(int most)
    {
        lock (_lock)
        {
            return Enumerable.Range(0, Places).Where(i => _counts[i] > 0).OrderByDescending(i => _counts[i]).Take(most)
                .Select(i => (WireName.ToText(NameAt(i)), _counts[i])).ToList();
        }
    }

    private ReadOnlySpan<byte> NameAt(int place) => _names.AsSpan(place * WireName.ScratchLength, _lengths[place]);
}
