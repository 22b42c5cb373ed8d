using System.IO.Pipelines;
using System.Net.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Network.ApiServer.Http;

/// <summary>
/// Between HTTP and TLS: frames that are flushed while the last ones are still being encrypted leave together. Kestrel
/// flushes after every HTTP/2 frame, so a change that a node sees on twenty watches would be twenty records, twenty system
/// calls and twenty wake-ups of the client. What is alone is not delayed.
/// </summary>
internal static class BatchedOutput
{
    // The most that one TLS record carries (RFC 8446, 5.1).
    private const int Record = 16 * 1024;
    private const long Backlog = 8 * Record;

    private static readonly PipeOptions s_options = new(minimumSegmentSize: Record, pauseWriterThreshold: Backlog, resumeWriterThreshold: Backlog / 2,
        readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.ThreadPool, useSynchronizationContext: false);

    public static ListenOptions UseBatchedOutput(this ListenOptions listen)
    {
        listen.Use(next => connection => connection.Features.Get<ISslStreamFeature>() is { } tls ? RunAsync(next, connection, tls.SslStream) : next(connection));
        return listen;
    }

    private static async Task RunAsync(ConnectionDelegate next, ConnectionContext connection, SslStream tls)
    {
        var original = connection.Transport;
        var pipe = new Pipe(s_options);
        connection.Transport = new Duplex(original.Input, pipe.Writer);
        var sending = SendAsync(pipe.Reader, tls);
        try
        {
            await next(connection);
        }
        finally
        {
            await pipe.Writer.CompleteAsync();
            await sending;
            connection.Transport = original;
        }
    }

    private static async Task SendAsync(PipeReader output, SslStream tls)
    {
        Exception? broken = null;
        try
        {
            for (var ended = false; !ended;)
            {
                var read = await output.ReadAsync();
                foreach (var part in read.Buffer)
                    await tls.WriteAsync(part);
                output.AdvanceTo(read.Buffer.End);
                ended = read.IsCompleted;
            }
        }
        catch (Exception e)
        {
            // The client is gone, or the connection was aborted: whoever writes next learns it from the completed reader.
            broken = e;
        }

        await output.CompleteAsync(broken);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
