using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Network.Kubelet.Streaming.Spdy;

/// <summary>
/// Reads SPDY header blocks: one zlib stream for the whole connection. .NET cannot preset a dictionary, but a stored deflate block holding it,
/// inflated first and thrown away, leaves the window in the same state.
/// </summary>
internal sealed class SpdyHeaderReader : IDisposable
{
    private const int MaximumHeaders = 64, MaximumText = 64 * 1024;
    private readonly Feed _feed = new();
    private readonly DeflateStream _inflate;
    private bool _begun;

    internal SpdyHeaderReader()
    {
        var dictionary = SpdyDictionary.Bytes;
        _feed.Add(SpdyHeaderWriter.Stored(dictionary));
        _inflate = new DeflateStream(_feed, CompressionMode.Decompress);
        _inflate.ReadExactly(new byte[dictionary.Length]);
    }

    /// <exception cref="InvalidDataException">The block is damaged.</exception>
    internal Dictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        // CMF, FLG and the dictionary's checksum open the stream.
        const int zlibHeader = 6;
        if (!_begun && block.Length < zlibHeader)
            throw new InvalidDataException("SPDY: first header block is shorter than a zlib header");
        _feed.Add(_begun ? block.ToArray() : block[zlibHeader..].ToArray());
        _begun = true;
        try
        {
            var count = Number();
            if (count > MaximumHeaders)
                throw new InvalidDataException($"SPDY: {count} headers");
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (var i = 0; i < count; i++)
                headers[Text()] = Text();
            return headers;
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("SPDY: header block ends too early", e);
        }
    }

    public void Dispose() => _inflate.Dispose();

    private int Number()
    {
        Span<byte> bytes = stackalloc byte[4];
        _inflate.ReadExactly(bytes);
        return (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(bytes), int.MaxValue);
    }

    private string Text()
    {
        var length = Number();
        if (length > MaximumText)
            throw new InvalidDataException($"SPDY: header of {length} bytes");
        var bytes = new byte[length];
        _inflate.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Gives what was added, block after block; an end of data is only the end for now.</summary>
    private sealed class Feed : Stream
    {
        private readonly Queue<ReadOnlyMemory<byte>> _blocks = new();

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        internal void Add(ReadOnlyMemory<byte> block) => _blocks.Enqueue(block);

        public override int Read(byte[] buffer, int offset, int count)
        {
            while (_blocks.TryDequeue(out var block))
            {
                if (block.IsEmpty)
                    continue;
                var taken = Math.Min(count, block.Length);
                block.Span[..taken].CopyTo(buffer.AsSpan(offset));
                if (taken == block.Length)
                    return taken;
                var rest = _blocks.ToArray();
                _blocks.Clear();
                _blocks.Enqueue(block[taken..]);
                foreach (var other in rest)
                    _blocks.Enqueue(other);
                return taken;
            }

            return 0;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

/// <summary>Writes header blocks uncompressed: stored deflate blocks need no dictionary.</summary>
internal sealed class SpdyHeaderWriter
{
    private bool _begun;

    internal byte[] Write(IReadOnlyCollection<KeyValuePair<string, string>> headers)
    {
        using var plain = new MemoryStream();
        Number(plain, headers.Count);
        foreach (var (name, value) in headers)
        {
            Text(plain, name);
            Text(plain, value);
        }

        using var block = new MemoryStream();
        if (!_begun)
            block.Write([0x78, 0x01]);
        _begun = true;
        block.Write(Stored(plain.ToArray()));
        // An empty stored block: without it Go's inflater reads past the end of the frame.
        block.Write([0x00, 0x00, 0x00, 0xff, 0xff]);
        return block.ToArray();
    }

    /// <summary>A stored block of RFC 1951 section 3.2.4.</summary>
    internal static byte[] Stored(ReadOnlySpan<byte> content)
    {
        var block = new byte[5 + content.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), (ushort)content.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), (ushort)~content.Length);
        content.CopyTo(block.AsSpan(5));
        return block;
    }

    private static void Text(Stream target, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Number(target, bytes.Length);
        target.Write(bytes);
    }

    private static void Number(Stream target, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        target.Write(bytes);
    }
}
