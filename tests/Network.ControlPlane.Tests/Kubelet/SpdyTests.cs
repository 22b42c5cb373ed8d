using System.IO.Compression;
using System.Buffers.Binary;
using System.Text;
using Network.Kubelet.Streaming;
using Network.Kubelet.Streaming.Spdy;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Kubelet;

public sealed class SpdyTests
{
    [Fact]
    public void Dictionary_is_that_of_the_specification() =>
        Assert.Equal(File.ReadAllBytes(Requires.Data("spdy3-dictionary.bin")), SpdyDictionary.Bytes);

    [Fact]
    public void Header_blocks_of_one_connection_are_read_one_after_the_other()
    {
        using var reader = new SpdyHeaderReader();
        using var peer = new Peer();
        for (var i = 0; i < 50; i++)
        {
            var read = reader.Read(peer.Compress(("streamtype", "stdin"), ("port", i.ToString())));
            Assert.Equal(("stdin", i.ToString()), (read["streamtype"], read["port"]));
        }
    }

    [Fact]
    public void Written_header_block_is_plain_zlib_to_a_reader_without_dictionary()
    {
        var writer = new SpdyHeaderWriter();
        byte[] both = [.. writer.Write([KeyValuePair.Create("a", "1")]), .. writer.Write([KeyValuePair.Create("b", "2")])];
        using var inflate = new ZLibStream(new MemoryStream(both), CompressionMode.Decompress);
        var plain = new byte[2 * (4 + 5 + 5)];
        inflate.ReadExactly(plain);
        Assert.Equal("a1b2", string.Concat(Encoding.ASCII.GetString(plain).Where(char.IsAsciiLetterOrDigit)));
    }

    [Fact]
    public void Cut_or_random_header_block_is_refused_without_any_other_failure()
    {
        using var peer = new Peer();
        var block = peer.Compress(("streamtype", "error"), ("requestid", "7"));
        for (var length = 0; length < block.Length - 5; length++)
        {
            using var reader = new SpdyHeaderReader();
            Assert.Throws<InvalidDataException>(() => reader.Read(block.AsSpan(0, length)));
        }

        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            using var reader = new SpdyHeaderReader();
            try
            {
                reader.Read(bytes);
            }
            catch (InvalidDataException)
            {
                // The one way to refuse.
            }
        }
    }

    [Fact]
    public void Frame_header_comes_back_as_it_was_written()
    {
        var bytes = new byte[SpdyFrame.HeaderSize];
        foreach (var frame in (SpdyFrame[])[new(SpdyFrameType.Data, 0x7fff_fffe, 1, 0xff_ffff), new(SpdyFrameType.SynReply, 0, 0, 12), new(SpdyFrameType.Ping, 0, 0, 4)])
        {
            frame.Write(bytes);
            Assert.True(SpdyFrame.TryRead(bytes, out var read));
            Assert.Equal(frame, read);
            for (var length = 0; length < bytes.Length; length++)
                Assert.False(SpdyFrame.TryRead(bytes.AsSpan(0, length), out _));
        }

        Assert.False(SpdyFrame.TryRead([0x80, 0x02, 0, 1, 0, 0, 0, 0], out _));
    }

    [Theory]
    [InlineData("""{"Width":80,"Height":24}""", true)]
    [InlineData("""{"Width":0,"Height":24}""", false)]
    [InlineData("""{"Width":"x"}""", false)]
    [InlineData("[1", false)]
    public void Terminal_size_is_read_only_when_it_is_one(string json, bool valid) =>
        Assert.Equal(valid, TerminalSize.TryParse(Encoding.UTF8.GetBytes(json), out _));

    /// <summary>A client's compressor: zlib header with the dictionary's mark, then flushed blocks (stored, which every inflater reads).</summary>
    private sealed class Peer : IDisposable
    {
        private readonly MemoryStream _out = new();
        private readonly DeflateStream _deflate;
        private bool _begun;

        internal Peer() => _deflate = new DeflateStream(_out, CompressionLevel.Optimal, leaveOpen: true);

        internal byte[] Compress(params (string Name, string Value)[] headers)
        {
            _out.SetLength(0);
            if (!_begun)
                _out.Write([0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2]);
            _begun = true;
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, headers.Length);
            _deflate.Write(number);
            foreach (var text in headers.SelectMany(pair => new[] { pair.Name, pair.Value }))
            {
                BinaryPrimitives.WriteInt32BigEndian(number, text.Length);
                _deflate.Write(number);
                _deflate.Write(Encoding.ASCII.GetBytes(text));
            }

            _deflate.Flush();
            return _out.ToArray();
        }

        public void Dispose() => _deflate.Dispose();
    }
}
