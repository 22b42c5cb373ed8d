namespace Network.ServiceProxy.Walk;

/// <summary>Every way through something that throws dice: it is run again until each combination of throws has been.</summary>
internal sealed class Branches
{
    private readonly List<(int Value, int Sides)> _throws = [];
    private int _at;

    /// <summary>What each way came to.</summary>
    internal static IEnumerable<T> All<T>(Func<Branches, T> walk)
    {
        var branches = new Branches();
        do
        {
            branches._at = 0;
            yield return walk(branches);
        }
        while (branches.Next());
    }

    internal int Throw(int sides)
    {
        if (_at == _throws.Count)
            _throws.Add((0, sides));
        return _throws[_at++].Value;
    }

    private bool Next()
    {
        for (; _throws.Count > 0; _throws.RemoveAt(_throws.Count - 1))
        {
            var (value, sides) = _throws[^1];
            if (value + 1 == sides)
                continue;
            _throws[^1] = (value + 1, sides);
            return true;
        }

        return false;
    }
}
