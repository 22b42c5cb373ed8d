using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Auditing;

/// <summary>
/// Who did what, as JSON lines in a file. A request never waits for the disk: events go through a bounded queue, and what does not fit is counted and
/// dropped.
/// </summary>
internal sealed partial class AuditLog : IAsyncDisposable
{
    private const int QueueLength = 10_000;
    private static readonly Meter s_meter = new("Network.ApiServer");
    private static readonly Counter<long> s_events = s_meter.CreateCounter<long>("apiserver_audit_event_total", description: "Audit events generated");
    private static readonly Counter<long> s_errors = s_meter.CreateCounter<long>("apiserver_audit_error_total", description: "Audit events dropped or not written");
    private readonly AuditPolicy _policy;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(QueueLength);
    private readonly FileStream _file;
    private readonly Task _writing;

    public AuditLog(AuditPolicy policy, string path, TimeProvider time, ILogger logger)
    {
        _policy = policy;
        _time = time;
        _logger = logger;
        _file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 64 * 1024,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        _writing = WriteAsync();
    }

    /// <summary>Starts a record and hangs it on the request; null when the policy does not want it.</summary>
    public AuditRecord? Begin(HttpContext http, AccessRequest request, UserInfo user)
    {
        var decision = _policy.Decide(user, request);
        if (decision.Level == AuditLevel.None)
            return null;
        var record = new AuditRecord(http, decision, request, user, _time.GetUtcNow());
        http.Features.Set(record);
        Write(record, "RequestReceived");
        return record;
    }

    public void Write(AuditRecord record, string stage)
    {
        if (record.Line(stage, _time.GetUtcNow()) is not { } line)
            return;
        s_events.Add(1);
        if (!_queue.Writer.TryWrite(line))
            s_errors.Add(1, new KeyValuePair<string, object?>("plugin", "log"));
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _writing;
        await _file.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        var failing = false;
        await foreach (var line in _queue.Reader.ReadAllAsync())
        {
            try
            {
                await _file.WriteAsync(line);
                if (!_queue.Reader.TryPeek(out _))
                    await _file.FlushAsync();
                failing = false;
            }
            catch (IOException e)
            {
                s_errors.Add(1, new KeyValuePair<string, object?>("plugin", "log"));
                if (!failing)
                    LogFailing(_file.Name, e.Message);
                failing = true;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "audit log {Path} cannot be written: {Reason}")]
    private partial void LogFailing(string path, string reason);
}
