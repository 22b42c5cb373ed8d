namespace Network.Host.Dns.HostSetup;

/// <summary>One server's record: healthy until two questions in a row stay without a good answer, and again with the next one. Pure.</summary>
internal readonly record struct ServerHealth(int Misses)
{
    private const int MostMisses = 2;

    internal bool IsHealthy => Misses < MostMisses;

    internal ServerHealth After(bool good) => new(good ? 0 : Math.Min(Misses + 1, MostMisses));
}
