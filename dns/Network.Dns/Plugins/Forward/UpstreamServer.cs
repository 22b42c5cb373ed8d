using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Network.Dns.Wire;

namespace Network.Dns.Plugins.Forward;

/// <summary>One upstream: asks it, knows whether it is well, and asks a sick one until it is well again.</summary>
internal sealed partial class UpstreamServer(Upstream upstream, ForwardSettings settings, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly byte[] s_probe = new UpstreamQuestion([0, 0, (byte)RecordType.NS, 0, 1], dnssecOk: false).Message;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private UpstreamConnection? _connection;
    private int _fails;
    private int _probing;

    internal Upstream Upstream => upstream;

    internal bool IsDown => Volatile.Read(ref _fails) >= settings.MaxFails;

    /// <returns>Null when it did not answer in time, or answered something else.</returns>
    internal async Task<byte[]?> AskAsync(UpstreamQuestion question, CancellationToken cancel)
    {
        var answer = await TryAsync(question.Message, cancel).ConfigureAwait(false);
        if (cancel.IsCancellationRequested)
            return null;
        if (answer is null)
        {
            if (Interlocked.Increment(ref _fails) >= settings.MaxFails && Interlocked.Exchange(ref _probing, 1) == 0)
                _ = ProbeAsync();
            return null;
        }

        Volatile.Write(ref _fails, 0);
        return answer;
    }

    public void Dispose()
    {
        _stop.Cancel();
        lock (_lock)
            _connection?.Dispose();
    }

    private async Task<byte[]?> TryAsync(byte[] query, CancellationToken cancel)
    {
        if (upstream.TlsName is not null || settings.ForceTcp)
            return await LimitedAsync(ct => AskByStreamAsync(query, ct), cancel).ConfigureAwait(false);
        var answer = await LimitedAsync(ct => AskByUdpAsync(query, ct), cancel).ConfigureAwait(false);
        return answer is not null && (answer[2] & 2) != 0
            ? await LimitedAsync(ct => AskByStreamAsync(query, ct), cancel).ConfigureAwait(false) ?? answer
            : answer;
    }

    private async Task ProbeAsync()
    {
        LogDown(upstream);
        try
        {
            using var timer = new PeriodicTimer(settings.HealthInterval, time);
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                if (await TryAsync(s_probe, _stop.Token).ConfigureAwait(false) is null)
                    continue;
                Volatile.Write(ref _fails, 0);
                LogUp(upstream);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        finally
        {
            Volatile.Write(ref _probing, 0);
        }
    }

    private async Task<byte[]?> LimitedAsync(Func<CancellationToken, Task<byte[]>> ask, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        limit.CancelAfter(settings.Timeout);
        try
        {
            return await ask(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            return null;
        }
    }

    // A socket for each question: its port is as hard to guess as its id (RFC 5452).
    private async Task<byte[]> AskByUdpAsync(byte[] query, CancellationToken cancel)
    {
        using var socket = new Socket(upstream.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(upstream.Address, cancel).ConfigureAwait(false);
        await socket.SendAsync(query, cancel).ConfigureAwait(false);
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
                if (UpstreamQuestion.Matches(query, buffer.AsSpan(0, length)))
                    return buffer[..length];
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<byte[]> AskByStreamAsync(byte[] query, CancellationToken cancel)
    {
        var connection = Connection();
        if (connection is null)
        {
            var opened = await UpstreamConnection.OpenAsync(upstream, time, cancel).ConfigureAwait(false);
            connection = Keep(opened);
        }

        var answer = await connection.AskAsync(query, cancel).ConfigureAwait(false);
        return UpstreamQuestion.Matches(query, answer) ? answer : throw new IOException("the answer does not match the question");
    }

    private UpstreamConnection? Connection()
    {
        lock (_lock)
        {
            if (_connection is { IsClosed: false } connection && connection.Idle < settings.Expire)
                return connection;
            _connection?.Dispose();
            return _connection = null;
        }
    }

    // Two may have opened one at the same time; the second one's question goes by the first.
    private UpstreamConnection Keep(UpstreamConnection opened)
    {
        lock (_lock)
        {
            if (_connection is { IsClosed: false } other)
            {
                opened.Dispose();
                return other;
            }

            return _connection = opened;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "upstream server={Upstream} does not answer; asked every moment until it does")]
    private partial void LogDown(Upstream upstream);

    [LoggerMessage(Level = LogLevel.Information, Message = "upstream server={Upstream} answers again")]
    private partial void LogUp(Upstream upstream);
}
