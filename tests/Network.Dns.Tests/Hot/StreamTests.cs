using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Network.Dns.Plugins.Cluster;
using Network.Dns.Tests.Cluster;
using Network.Dns.Wire;
using Network.TestKit;
using Xunit;

namespace Network.Dns.Tests.Hot;

public sealed class StreamTests : IAsyncLifetime
{
    private DnsServerFixture _dns = null!;
    private DnsServerOptions _options = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _dns.DisposeAsync();

    [Fact]
    public async Task Idle_connections_block_neither_UDP_nor_new_TCP()
    {
        // Ten thousand by hand; descriptors are those of two ends.
        var count = int.Parse(Environment.GetEnvironmentVariable("PODNET_IDLE_CONNECTIONS") ?? "1500");
        _options = _options with { Settings = settings => settings with { StreamIdle = TimeSpan.FromMinutes(5), MostConnections = count / 2 } };
        Start();
        var idle = new List<Socket>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                idle.Add(socket);
                await socket.ConnectAsync(_dns.Address);
            }

            Assert.Equal("10.96.0.20", _dns.Short("web.default.svc.cluster.local", "A"));
            Assert.Equal("10.96.0.20", _dns.Short("+tcp", "web.default.svc.cluster.local", "A"));
            // The first ones had to go for the last ones.
            await Eventually.TrueAsync(() => idle[0].Poll(0, SelectMode.SelectRead) && idle[0].Available == 0, TimeSpan.FromSeconds(30));
        }
        finally
        {
            idle.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task Questions_in_one_piece_in_bytes_and_in_a_row_are_all_answered()
    {
        Start();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(_dns.Address);
        var row = Enumerable.Range(0, 40).SelectMany(id => Message((ushort)id)).ToArray();
        await socket.SendAsync(row);
        Assert.Equal(Enumerable.Range(0, 40), await IdsAsync(socket, 40));
        foreach (var value in Message(99))
            await socket.SendAsync(new[] { value });
        Assert.Equal([99], await IdsAsync(socket, 1));
    }

    [Fact]
    public async Task Silent_connection_is_closed_after_its_time()
    {
        _options = _options with { Settings = settings => settings with { StreamIdle = TimeSpan.FromMilliseconds(200) } };
        Start();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_dns.Address);
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Dns_over_TLS_answers_who_trusts_the_certificate()
    {
        _options = _options with
        {
            Settings = settings => settings with
            {
                ListenTls = [new IPEndPoint(settings.Listen[0].Address, 10853)],
                Tls = TestCertificate.Options(),
            },
        };
        Start();
        Requires.Tool("dig");
        var answer = Shell.Run("dig", $"@{_dns.Address.Address}", "-p", "10853", "+tls", "+short", "+tries=1", "+time=5", "web.default.svc.cluster.local", "A");
        Assert.Equal("10.96.0.20", answer.Trim());
    }

    [Fact]
    public async Task Random_bytes_end_a_connection_and_nothing_else()
    {
        Start();
        var random = new Random(7766);
        for (var i = 0; i < 200; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(_dns.Address);
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            await socket.SendAsync(bytes);
        }

        Assert.Equal("10.96.0.20", _dns.Short("+tcp", "web.default.svc.cluster.local", "A"));
    }

    private void Start()
    {
        _dns = new DnsServerFixture(_options);
        _dns.Index.PutNamespace("default");
        _dns.Index.Put(new DnsService("default", "web") { ClusterIps = [IPAddress.Parse("10.96.0.20")] });
    }

    private static byte[] Message(ushort id)
    {
        byte[] query = [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsName.Encode("web.default.svc.cluster.local"), 0, 1, 0, 1];
        return [(byte)(query.Length >> 8), (byte)query.Length, .. query];
    }

    private static async Task<List<int>> IdsAsync(Socket socket, int count)
    {
        await using var stream = new NetworkStream(socket);
        var ids = new List<int>();
        for (var i = 0; i < count; i++)
        {
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix);
            var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(answer);
            Assert.Equal(IPAddress.Parse("10.96.0.20"), new IPAddress(answer[^4..]));
            ids.Add(BinaryPrimitives.ReadUInt16BigEndian(answer));
        }

        return ids;
    }
}
