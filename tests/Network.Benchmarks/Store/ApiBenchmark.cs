namespace Network.Benchmarks.Store;

/// <summary>Creates through a whole API server: TLS, authentication, admission, fsync.</summary>
internal static class ApiBenchmark
{
    private static readonly string s_kilobyte = new('x', 1024);

    internal static void Run(TextWriter output) => RunAsync(output).GetAwaiter().GetResult();

    internal static async Task RunAsync(TextWriter output)
    {
        int[] clientCounts = [1, 16, 64];
        var duration = TimeSpan.FromSeconds(4);
        output.WriteLine("creates of configmaps       clients");
        foreach (var (name, start) in ServerUnderLoad.All)
        {
            using var server = await start();
            foreach (var clients in clientCounts)
            {
                var taken = await Latencies.MeasureAsync(clients, duration, (_, number) => server.PostAsync("configmaps", ConfigMap($"c{clients}-{number}")));
                output.WriteLine($"  through {name,-17} {clients,3}   {taken}");
            }
        }
    }

    internal static string ConfigMap(string name) => $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}"},"data":{"v":"{{{s_kilobyte}}}"} }""";
}
