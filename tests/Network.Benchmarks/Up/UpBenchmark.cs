using System.Diagnostics;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Up;

/// <summary>
/// From nothing running to three nodes Ready, to the first answer of the sample by its service name, and what all podnet
/// processes then hold resident. Needs the published binaries (PODNET_BIN) and the images that tests/run builds.
/// </summary>
internal static class UpBenchmark
{
    private const string Cluster = "bench";
    private const int Rounds = 5;

    private const string Sample = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {nodeName: w2, terminationGracePeriodSeconds: 1, containers: [{name: c, image: podnet-sample}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: client}
        spec: {nodeName: w1, terminationGracePeriodSeconds: 1, containers: [{name: c, image: podnet-sample}]}
        """;

    internal static void Run(TextWriter output)
    {
        var podnet = Path.Combine(Environment.GetEnvironmentVariable("PODNET_BIN") ?? "artifacts/bin-release", "podnet");
        output.WriteLine("round  nodes Ready  first answer  what podnet up printed");
        for (var round = 1; round <= Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            try
            {
                var up = Shell.Run(podnet, "up", "--name", Cluster, "--nodes", "3", "--api-port", "17443");
                var ready = clock.Elapsed;
                Kubectl(Sample, "apply", "-f", "-").OrThrow("kubectl apply");
                while (!Kubectl(null, "exec", "client", "--", "podnet-sample", "dial", "http://web.default.svc.cluster.local/hostname").Succeeded)
                {
                    if (clock.Elapsed > TimeSpan.FromSeconds(30))
                        throw new TimeoutException("no answer within 30 s");
                }

                output.WriteLine($"{round,5}  {ready.TotalSeconds,9:0.00} s  {clock.Elapsed.TotalSeconds,10:0.00} s  {up.Split('\n').First(line => line.Contains("resident", StringComparison.Ordinal))}");
            }
            finally
            {
                Shell.Run(podnet, "down", "--name", Cluster);
            }
        }

        output.WriteLine("goals: Ready 2 s, first answer 4 s, 280 MB");
    }

    private static CommandResult Kubectl(string? input, params string[] arguments) => Command.RunAsync(
        new ChildSpec("kubectl", ["--kubeconfig", $"/var/lib/podnet/clusters/{Cluster}/kubeconfig", .. arguments]), input).GetAwaiter().GetResult();
}
