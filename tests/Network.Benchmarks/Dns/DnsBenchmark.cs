using Network.TestKit;

namespace Network.Benchmarks.Dns;

/// <summary>Names of the server's own: the same 10,000 in every server of its class.</summary>
internal static class DnsBenchmark
{
    private const int Names = 10_000;

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        using var ns = new ScratchNetNs("dns");
        var zone = DnsZone.Of(Names);
        output.WriteLine($"{Names} names, 10 % of the questions for names that do not exist, one core each, best of {DnsRace.Rounds}");
        await new DnsRace(DnsPeer.All, zone, zone.Questions(200_000), ($"service-9.{DnsZone.Origin}", "10.96.0.9")).RunAsync(ns, output);
    }
}
