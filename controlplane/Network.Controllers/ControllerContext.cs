using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers;

/// <summary>What every controller shares: one client, one cache a kind, one writer of events.</summary>
public sealed record ControllerContext(ApiClient Client, SharedInformers Informers, EventRecorder Events, TimeProvider Time, ILoggerFactory Loggers,
    ControllerSettings Settings)
{
    internal WorkQueue<string> Queue(string name) => new(name, Time, Loggers.CreateLogger(name));
}
