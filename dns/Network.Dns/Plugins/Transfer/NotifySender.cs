using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Plugins.Transfer;

/// <summary>Tells one secondary that a zone changed (RFC 1996), until it says it heard, or for a while.</summary>
internal sealed partial class NotifySender : IDisposable
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private const int MostTries = 6;
    private readonly IZoneSource _source;
    private readonly IPEndPoint _to;
    private readonly IPAddress? _from;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _changed = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private uint? _told;

    internal NotifySender(IZoneSource source, IPEndPoint to, IReadOnlyList<IPAddress> from, TimeProvider time, ILogger logger)
    {
        (_source, _to, _time, _logger) = (source, to, time, logger);
        _from = from.FirstOrDefault(address => address.AddressFamily == to.AddressFamily);
        source.Changed += OnChanged;
        _ = RunAsync(_stop.Token);
    }

    public void Dispose()
    {
        _source.Changed -= OnChanged;
        _stop.Cancel();
    }

    private void OnChanged()
    {
        try
        {
            if (_changed.CurrentCount == 0)
                _changed.Release();
        }
        catch (SemaphoreFullException)
        {
            // Another change asked already.
        }
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                await _changed.WaitAsync(cancel).ConfigureAwait(false);
                // A burst of changes is one piece of news.
                await Task.Delay(s_quiet, _time, cancel).ConfigureAwait(false);
                if (_source.State() is { } state && state.Serial != _told)
                    await TellAsync(state, cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops, or has other plugins.
        }
    }

    private async Task TellAsync(ZoneState state, CancellationToken cancel)
    {
        var message = Message(state);
        var patience = s_patience;
        for (var tries = 1; tries <= MostTries; tries++, patience *= 2)
        {
            if (await TryAsync(message, patience, cancel).ConfigureAwait(false) is { } code)
            {
                _told = state.Serial;
                LogTold(WireName.ToText(_source.Origin.Span), state.Serial, _to, code);
                return;
            }

            // Something newer to tell replaces this.
            if (_changed.CurrentCount > 0)
                return;
        }

        LogSilent(WireName.ToText(_source.Origin.Span), state.Serial, _to, MostTries);
    }

    private async Task<ResponseCode?> TryAsync(byte[] message, TimeSpan patience, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try
        {
            using var socket = new Socket(_to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (_from is not null)
                socket.Bind(new IPEndPoint(_from, 0));
            await socket.ConnectAsync(_to, limit.Token).ConfigureAwait(false);
            await socket.SendAsync(message, limit.Token).ConfigureAwait(false);
            var answer = new byte[512];
            while (true)
            {
                var length = await socket.ReceiveAsync(answer, limit.Token).ConfigureAwait(false);
                // QR, opcode NOTIFY, our id.
                if (length >= DnsQuery.HeaderLength && answer.AsSpan(0, 2).SequenceEqual(message.AsSpan(0, 2)) && (answer[2] & 0xF8) == 0xA0)
                    return (ResponseCode)(answer[3] & 0x0F);
            }
        }
        catch (SocketException)
        {
            // Nobody there yet: not sooner again than a silent one.
            await Task.Delay(patience, _time, cancel).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    // Opcode 4, AA, the zone's SOA as question, the record itself as a hint (RFC 1996 3.7).
    private static byte[] Message(ZoneState state)
    {
        var question = new byte[state.Authority.Name.Length + 4];
        state.Authority.Name.CopyTo(question, 0);
        (question[^3], question[^1]) = ((byte)RecordType.SOA, 1);
        var query = new DnsQuery { Id = (ushort)Random.Shared.Next(1 << 16), RecursionDesired = false, Labels = [], Type = RecordType.SOA, IsInternetClass = true, Question = question };
        var message = TransferMessages.OnlyAuthority(query, state.Authority);
        message[2] = 0x24;
        return message;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "notify zone={Zone}. serial={Serial} to={Secondary} heard: {Code}")]
    private partial void LogTold(string zone, uint serial, IPEndPoint secondary, ResponseCode code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "notify zone={Zone}. serial={Serial} to={Secondary} unheard after {Tries} tries; it will see the change when it looks by itself")]
    private partial void LogSilent(string zone, uint serial, IPEndPoint secondary, int tries);
}
