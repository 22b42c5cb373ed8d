using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Network.Dns.Wire;

namespace Network.Dns.Tests.Forward;

/// <summary>A server over UDP that answers as the test says, and remembers what it was asked.</summary>
public sealed class ScriptedUpstream : IAsyncDisposable
{
    private static int s_next;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Task _running;

    public ScriptedUpstream()
    {
        var number = Interlocked.Increment(ref s_next);
        Address = new IPEndPoint(new IPAddress([127, (byte)(1 + (Environment.ProcessId % 250)), (byte)(200 + (number >> 8)), (byte)number]), 10053);
        _socket.Bind(Address);
        _running = RunAsync();
    }

    public IPEndPoint Address { get; }

    /// <summary>Null: no answer.</summary>
    public Func<DnsQuery, DnsAnswer?> Answer { get; set; } = _ => new DnsAnswer(ResponseCode.NxDomain) { Authorities = [Authority(60)] };

    public ConcurrentQueue<string> Asked { get; } = new();

    public static ResourceRecord Authority(uint ttl) => ResourceRecord.StartOfAuthority("example", "ns.example", "hostmaster.example", 1, ttl);

    public static DnsAnswer Addresses(uint ttl, params string[] addresses) =>
        new(ResponseCode.NoError) { Answers = addresses.Select(address => ResourceRecord.Address(null, IPAddress.Parse(address), ttl)).ToList() };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _socket.Dispose();
    }

    private async Task RunAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                if (!DnsQuery.TryRead(buffer[..received.ReceivedBytes], out var query, out _))
                    continue;
                // The server's own look for circles is nobody's question.
                if (query!.Type != RecordType.HINFO)
                    Asked.Enqueue($"{query.Name} {query.Type}");
                if (Answer(query) is not { } answer)
                    continue;
                var message = new byte[4096];
                await _socket.SendToAsync(message.AsMemory(0, AnswerWriter.Write(query, answer, message, 4096)), received.RemoteEndPoint, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
