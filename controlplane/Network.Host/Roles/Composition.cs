using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Host.Health;
using Network.Host.Logging;
using Network.Host.Parts;

namespace Network.Host.Roles;

/// <summary>What every role needs: loggers, a client by kubeconfig, and a runner.</summary>
internal static class Composition
{
    internal static ILoggerFactory Loggers(TimeProvider time)
    {
        var least = Environment.GetEnvironmentVariable("PODNET_LOG") is { } text && Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level)
            ? level
            : LogLevel.Information;
        return new SimpleLoggerFactory(new LogfmtLoggerProvider(Console.Out, least, time));
    }

    internal static ApiClient Client(string kubeconfig, string component) => new(ApiEndpoint.FromKubeconfig(kubeconfig) with { Component = component });

    internal static Task RunAsync(
        IReadOnlyList<IPart> parts, int healthPort, TimeProvider time, ILoggerFactory loggers, CancellationToken cancel, PrometheusExporter? metrics = null) =>
        new PartRunner(parts, new HealthSettings(healthPort), time, loggers) { Metrics = metrics }.RunAsync(cancel);

    private sealed class SimpleLoggerFactory(ILoggerProvider provider) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("one provider is all there is");

        public ILogger CreateLogger(string categoryName) => provider.CreateLogger(categoryName);

        public void Dispose() => provider.Dispose();
    }
}
