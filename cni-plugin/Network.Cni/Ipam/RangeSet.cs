namespace Network.Cni.Ipam;

/// <summary>Ranges of one family; a pod gets one address out of each set.</summary>
internal sealed record RangeSet(IReadOnlyList<AddressRange> Ranges)
{
    internal AddressRange? RangeOf(Ip address)
    {
        foreach (var range in Ranges)
        {
            if (range.Contains(address))
                return range;
        }

        return null;
    }

    /// <summary>
    /// The next free address behind the one granted last, round the ranges: an address rests as long as possible before
    /// somebody else gets it, so that late packets find nobody.
    /// </summary>
    internal Ip? NextFree(Ip? last, Func<Ip, bool> isTaken)
    {
        var start = 0;
        if (last is { } granted)
        {
            start = Math.Max(0, IndexOf(granted));
            var range = Ranges[start];
            if (range.Contains(granted) && granted < range.Last && FreeIn(range, granted + 1, range.Last, isTaken) is { } next)
                return next;
            start++;
        }

        // The last step is the beginning of the range that was left in its middle.
        for (var i = 0; i < Ranges.Count; i++)
        {
            var range = Ranges[(start + i) % Ranges.Count];
            if (FreeIn(range, range.First, range.Last, isTaken) is { } free)
                return free;
        }

        return null;
    }

    public override string ToString() => string.Join(", ", Ranges);

    private int IndexOf(Ip address)
    {
        for (var i = 0; i < Ranges.Count; i++)
        {
            if (Ranges[i].Contains(address))
                return i;
        }

        return -1;
    }

    private static Ip? FreeIn(AddressRange range, Ip first, Ip last, Func<Ip, bool> isTaken)
    {
        for (var candidate = first; candidate <= last; candidate += 1)
        {
            if (range.ExclusionOf(candidate) is { } excluded)
            {
                // All ones is the end of the number space; the next step would begin it anew.
                if (excluded.End >= last)
                    return null;
                candidate = excluded.End;
            }
            else if (candidate != range.Gateway && !isTaken(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
