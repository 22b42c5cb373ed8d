namespace Network.Dns.Zones;

/// <summary>A zone that cannot be used: where and why.</summary>
public sealed class ZoneFileException(string file, int line, string reason) : Exception($"{file}:{line}: {reason}")
{
    public int Line { get; } = line;
}
