using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Network.TestKit;

namespace Network.Benchmarks.Overlay;

/// <summary>
/// UDP from one pod to another and back, in two ways: as fast as answers come (round trip), and one question a millisecond
/// whatever comes (gaps). Threads of their own, blocking sockets; the same instrument for everything it compares.
/// </summary>
internal sealed class EchoPair : IDisposable
{
    private const int Port = 7007;
    private readonly Socket _server, _client;
    private readonly IPEndPoint _to;
    private readonly List<long> _answers = [];
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread _echo;
    private Thread? _ask, _listen;

    internal EchoPair(ScratchNetNs from, ScratchNetNs to, IPAddress address)
    {
        _to = new IPEndPoint(address, Port);
        _server = to.Run(() => Bound(new IPEndPoint(address, Port)));
        _client = from.Run(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 200 });
        _client.Connect(_to);
        _echo = Start(Echo);
    }

    /// <summary>Sorted, in microseconds.</summary>
    internal List<double> RoundTrips(int count)
    {
        var taken = new List<double>(count);
        Span<byte> buffer = stackalloc byte[64];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                _client.Send(buffer[..32]);
                _client.Receive(buffer);
            }
            catch (SocketException)
            {
                continue; // Lost: no round trip to tell of.
            }

            taken.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        taken.Sort();
        return taken;
    }

    /// <summary>From now on, one question a millisecond.</summary>
    internal void Watch()
    {
        _ask = Start(Ask);
        _listen = Start(Listen);
    }

    /// <summary>The longest time without an answer since the moment given, in milliseconds, the time until now included.</summary>
    internal double LongestGap(long since)
    {
        lock (_answers)
        {
            var longest = 0L;
            var last = since;
            foreach (var answer in _answers.Where(answer => answer >= since).Append(Stopwatch.GetTimestamp()))
            {
                longest = Math.Max(longest, answer - last);
                last = answer;
            }

            return longest * 1000.0 / Stopwatch.Frequency;
        }
    }

    /// <summary>An answer came after this moment.</summary>
    internal bool AnsweredSince(long since)
    {
        lock (_answers)
            return _answers.Count > 0 && _answers[^1] > since;
    }

    public void Dispose()
    {
        _end.Set();
        _server.Dispose();
        _client.Dispose();
        _echo.Join();
        _ask?.Join();
        _listen?.Join();
        _end.Dispose();
    }

    private static Socket Bound(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(local.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, local.Port));
        return socket;
    }

    private static Thread Start(Action loop)
    {
        var thread = new Thread(() => loop()) { IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Echo()
    {
        var buffer = new byte[2048];
        EndPoint from = new IPEndPoint(_to.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!_end.IsSet)
        {
            try
            {
                var length = _server.ReceiveFrom(buffer, ref from);
                _server.SendTo(buffer.AsSpan(0, length), from);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // No way back at present, or the end.
            }
        }
    }

    private void Ask()
    {
        Span<byte> question = stackalloc byte[16];
        while (!_end.Wait(1))
        {
            try
            {
                BinaryPrimitives.WriteInt64BigEndian(question, Stopwatch.GetTimestamp());
                _client.Send(question);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // No way at present: that is what is being measured.
            }
        }
    }

    private void Listen()
    {
        var buffer = new byte[2048];
        while (!_end.IsSet)
        {
            try
            {
                _client.Receive(buffer);
                lock (_answers)
                    _answers.Add(Stopwatch.GetTimestamp());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Nothing for a while, or the end.
            }
        }
    }
}
