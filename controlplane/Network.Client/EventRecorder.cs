using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Network.Client;

/// <summary>
/// Writes core/v1 Events without ever holding up the component that reports. The same event again raises the count of
/// the first one instead of making another object.
/// </summary>
public sealed partial class EventRecorder(ApiClient client, string component, string? host, TimeProvider time, ILogger logger)
{
    private const int MostRemembered = 4096;
    private readonly Channel<Report> _reports = Channel.CreateBounded<Report>(
        new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly ConcurrentDictionary<Report, (string Name, int Count)> _seen = new();

    /// <param name="type">Normal or Warning.</param>
    public void Record(V1ObjectReference about, string type, string reason, string message) =>
        _reports.Writer.TryWrite(new Report(About.Of(about), type, reason, message));

    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var report in _reports.Reader.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                try
                {
                    await WriteAsync(report, cancel).ConfigureAwait(false);
                }
                catch (Exception e) when (e is ApiException or HttpRequestException)
                {
                    LogLost(report.Reason, report.About.Name, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
    }

    private async Task WriteAsync(Report report, CancellationToken cancel)
    {
        var ns = string.IsNullOrEmpty(report.About.Namespace) ? "default" : report.About.Namespace;
        var now = time.GetUtcNow();
        if (_seen.TryGetValue(report, out var earlier))
        {
            var body = new JsonObject { ["count"] = earlier.Count + 1, ["lastTimestamp"] = now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'") };
            try
            {
                await client.PatchAsync(Resources.Events, ns, earlier.Name, Patch.Merge(body), null, cancel).ConfigureAwait(false);
                _seen[report] = earlier with { Count = earlier.Count + 1 };
                return;
            }
            catch (ApiException e) when (e.IsNotFound)
            {
                // It has expired in the store meanwhile: write a new one.
            }
        }

        var name = $"{report.About.Name}.{now.ToUnixTimeMilliseconds() * 1_000_000 + Random.Shared.Next(1_000_000):x}";
        await client.CreateAsync(Resources.Events, New(report, ns, name, now.UtcDateTime), cancel).ConfigureAwait(false);
        if (_seen.Count >= MostRemembered)
            _seen.Clear();
        _seen[report] = (name, 1);
    }

    private Corev1Event New(Report report, string ns, string name, DateTime now) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns },
        InvolvedObject = report.About.ToReference(),
        Type = report.Type,
        Reason = report.Reason,
        Message = report.Message,
        Source = new V1EventSource { Component = component, Host = host },
        ReportingComponent = component,
        ReportingInstance = host ?? "",
        FirstTimestamp = now,
        LastTimestamp = now,
        Count = 1,
    };

    [LoggerMessage(Level = LogLevel.Debug, Message = "event {Reason} about {Name} lost: {Error}")]
    private partial void LogLost(string reason, string name, string error);

    private sealed record Report(About About, string Type, string Reason, string Message);

    /// <summary>The reference's fields as a value, so that equal reports compare equal.</summary>
    private sealed record About(string? ApiVersion, string? Kind, string? Namespace, string Name, string? Uid, string? FieldPath)
    {
        internal static About Of(V1ObjectReference r) => new(r.ApiVersion, r.Kind, r.NamespaceProperty, r.Name, r.Uid, r.FieldPath);

        internal V1ObjectReference ToReference() => new()
        {
            ApiVersion = ApiVersion,
            Kind = Kind,
            NamespaceProperty = Namespace,
            Name = Name,
            Uid = Uid,
            FieldPath = FieldPath,
        };
    }
}
