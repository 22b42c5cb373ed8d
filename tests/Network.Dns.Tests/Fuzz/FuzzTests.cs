using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Cluster;
using Network.Dns.Tests.Hot;
using Network.Dns.Wire;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Fuzz;

/// <summary>
/// Hostile packets by UDP, TCP and TLS: no crash, no leak, no answer to a response, none larger than it may be. Ten million by
/// hand: PODNET_FUZZ_PACKETS=10000000.
/// </summary>
public sealed class FuzzTests : IAsyncLifetime
{
    private static readonly int s_packets = int.Parse(Environment.GetEnvironmentVariable("PODNET_FUZZ_PACKETS") ?? "60000");
    private readonly DnsServerFixture _dns;
    private IPEndPoint _tls = null!;

    public FuzzTests()
    {
        _dns = new DnsServerFixture(new DnsServerOptions
        {
            Settings = settings => settings with
            {
                ListenTls = [_tls = new IPEndPoint(settings.Listen[0].Address, 10853)],
                Tls = TestCertificate.Options(),
            },
        });
        _dns.Index.PutNamespace("default");
        _dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")], Ports = [new DnsPort("http", "tcp", 80)] });
        _dns.Index.Put(new DnsService("default", "many")
        {
            Headless = true,
            Endpoints = [.. Enumerable.Range(1, 400).Select(i => new DnsEndpoint(new IPAddress([10, 244, (byte)(i >> 8), (byte)i]), null, [new DnsPort("http", "tcp", 80)]))],
        });
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _dns.DisposeAsync();

    [Fact]
    public async Task Hostile_packets_are_answered_within_bounds_or_not_at_all()
    {
        Assert.Equal("10.96.0.20", _dns.Short("web.default.svc.cluster.local", "A"));
        var (memory, files) = (Used(), Files());
        var told = await OverUdpAsync(s_packets * 8 / 10);
        await OverStreamAsync(s_packets * 15 / 100, 1035, socket => Task.FromResult<Stream>(new NetworkStream(socket, ownsSocket: true)), _dns.Address);
        await OverStreamAsync(s_packets * 5 / 100, 7858, SecureAsync, _tls);
        Assert.Equal("10.96.0.20", _dns.Short("web.default.svc.cluster.local", "A"));
        Assert.Equal("10.96.0.20", _dns.Short("+tcp", "web.default.svc.cluster.local", "A"));
        Assert.True(told.Answers > s_packets / 4, $"{told.Answers} answers to {s_packets} packets: nothing was tried");
        // Of what was sent, so that a server that answers nearly all with the most there is stands out.
        TestContext.Current.TestOutputHelper?.WriteLine($"{s_packets} packets; by UDP {told.Sent} bytes asked, {told.Bytes} answered ({(double)told.Bytes / told.Sent:0.00} times); heap {memory} then {Used()} MB, descriptors {files} then {Files()}");
        await Eventually.TrueAsync(() => Files() <= files + 20, TimeSpan.FromSeconds(30), () => $"{files} descriptors became {Files()}");
        Assert.True(Used() <= memory + 64, $"{memory} MB became {Used()}");
    }

    private async Task<(long Answers, long Sent, long Bytes)> OverUdpAsync(int packets)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 22, ReceiveTimeout = 2000 };
        socket.Connect(_dns.Address);
        var reading = Task.Run(() => ReadAll(socket));
        var mutator = new PacketMutator(1035);
        var packet = new byte[PacketMutator.Most * 2];
        var sent = 0L;
        for (var i = 0; i < packets; i++)
        {
            var length = mutator.Next(packet);
            sent += socket.Send(packet.AsSpan(0, length));
        }

        var (answers, bytes) = await reading;
        return (answers, sent, bytes);
    }

    // Until nothing came for two seconds.
    private static (long Answers, long Bytes) ReadAll(Socket socket)
    {
        var buffer = new byte[65536];
        var (answers, bytes) = (0L, 0L);
        while (true)
        {
            int length;
            try
            {
                length = socket.Receive(buffer);
            }
            catch (SocketException)
            {
                return (answers, bytes);
            }

            Check(buffer.AsSpan(0, length), AnswerWriter.MaxUdpSize);
            answers++;
            bytes += length;
        }
    }

    private static void Check(ReadOnlySpan<byte> answer, int most, bool idTells = true)
    {
        Assert.InRange(answer.Length, DnsQuery.HeaderLength, most);
        Assert.True((answer[2] & 0x80) != 0, "an answer that claims to be a question");
        Assert.True(!idTells || (answer[0] & 0x80) == 0, "a response was answered");
    }

    private static async Task OverStreamAsync(int packets, int seed, Func<Socket, Task<Stream>> open, IPEndPoint server)
    {
        var mutator = new PacketMutator(seed);
        var random = new Random(seed);
        var packet = new byte[PacketMutator.Most * 2];
        for (var sent = 0; sent < packets;)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(server);
            await using var stream = await open(socket);
            using var batch = new MemoryStream();
            var lied = false;
            for (var i = random.Next(1, 200); i > 0 && sent < packets; i--, sent++)
            {
                var length = mutator.Next(packet);
                // Now and then the length lies; what follows is then garbage to the end of the connection.
                var said = random.Next(100) == 0 ? random.Next(65536) : length;
                lied |= said != length;
                batch.Write([(byte)(said >> 8), (byte)said, .. packet.AsSpan(0, length)]);
            }

            await ExchangeAsync(stream, batch.ToArray(), socket, lied);
        }
    }

    private static async Task ExchangeAsync(Stream stream, byte[] batch, Socket socket, bool lied)
    {
        try
        {
            await stream.WriteAsync(batch);
            socket.Shutdown(SocketShutdown.Send);
            var head = new byte[2];
            while (await stream.ReadAtLeastAsync(head, 2, throwOnEndOfStream: false) == 2)
            {
                var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(head)];
                await stream.ReadExactlyAsync(answer);
                // Behind a wrong length anything may stand where an id should.
                Check(answer, ushort.MaxValue, idTells: !lied);
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The server hung up over what it was sent.
        }
    }

    private static async Task<Stream> SecureAsync(Socket socket)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("dns.test");
        return stream;
    }

    private static long Used() => GC.GetTotalMemory(forceFullCollection: true) >> 20;

    private static int Files() => Directory.GetFiles("/proc/self/fd").Length;
}
