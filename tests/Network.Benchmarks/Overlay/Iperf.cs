using System.Globalization;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>iperf3 between two pods; bits a second that arrived.</summary>
internal sealed class Iperf : IDisposable
{
    private readonly ScratchNetNs _from;
    private readonly Child _server;

    internal Iperf(ScratchNetNs from, ScratchNetNs to)
    {
        _from = from;
        _server = Child.Start(new ChildSpec("iperf3", ["-s"]) { NetNs = to.Name });
    }

    /// <param name="arguments">Beyond address, duration and JSON.</param>
    internal double Run(string address, double seconds, params string[] arguments)
    {
        for (var attempt = 0; ; attempt++)
        {
            var result = Command.RunAsync(Spec(address, seconds, arguments)).GetAwaiter().GetResult();
            var json = JsonNode.Parse(result.Output) as JsonObject;
            if (json?["error"] is null && json?["end"] is { } end)
                return (end["sum_received"] ?? end["sum"])!["bits_per_second"]!.GetValue<double>();
            // The server is not there yet, or busy with the end of the test before.
            if (attempt == 20)
                throw new InvalidOperationException($"iperf3 {address}: {json?["error"] ?? result.Error}");
            Task.Delay(100).GetAwaiter().GetResult();
        }
    }

    /// <summary>Runs in the background; the result is its JSON.</summary>
    internal Task<CommandResult> Start(string address, double seconds, params string[] arguments) => Command.RunAsync(Spec(address, seconds, arguments));

    public void Dispose()
    {
        _server.Kill(Processes.SIGKILL);
        _server.Wait();
    }

    private ChildSpec Spec(string address, double seconds, string[] arguments) =>
        new("iperf3", ["-c", address, "-t", seconds.ToString(CultureInfo.InvariantCulture), "-J", .. arguments]) { NetNs = _from.Name };
}
