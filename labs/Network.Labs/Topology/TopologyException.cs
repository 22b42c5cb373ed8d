namespace Network.Labs.Topology;

/// <summary>A topology file that cannot be built: where, what is wrong, what to do.</summary>
public sealed class TopologyException(string file, long line, string problem, string fix) : Exception($"{file}:{line}: {problem}; {fix}")
{
    public long Line { get; } = line;
}
