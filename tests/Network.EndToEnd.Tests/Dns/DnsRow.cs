namespace Network.EndToEnd.Tests.Dns;

/// <summary>One row of tests/DNS.md.</summary>
/// <param name="Expected">What the row checks, in words.</param>
/// <param name="Asked">The programs that ask.</param>
internal sealed record DnsRow(string Name, string Expected, string Asked, Func<DnsCluster, Task> Check)
{
    internal DnsRow(string name, string expected, string asked, Action<DnsCluster> check)
        : this(name, expected, asked, cluster =>
        {
            check(cluster);
            return Task.CompletedTask;
        })
    {
    }
}
