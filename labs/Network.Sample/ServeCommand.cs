using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Network.Sample;

/// <summary>Serves HTTP and UDP until SIGTERM or /exit.</summary>
internal static class ServeCommand
{
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (!Options.TryParse(arguments, ["http-port", "udp-port"], out var options, out var problem))
            return Usage.Wrong(problem);
        var stop = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        try
        {
            var http = new HttpServer(options.Number("http-port", 8080), stop.SetResult);
            var udp = new UdpServer(options.Number("udp-port", 8081));
            Console.WriteLine($"serving http on {http.Port} and udp on {udp.Port} as {Environment.MachineName}");
            await Task.WhenAny(stop.Task, http.RunAsync(), udp.RunAsync());
            return await stop.Task;
        }
        catch (SocketException e)
        {
            Console.Error.WriteLine($"podnet-sample: cannot listen: {e.Message}");
            return 1;
        }
    }

    private static void Stop(PosixSignalContext context, TaskCompletionSource<int> stop)
    {
        context.Cancel = true;
        stop.TrySetResult(0);
    }
}
