using System.Globalization;
using System.Text;

namespace Network.ApiServer.Subresources;

/// <summary>The body of an HTTP/1.1 response: chunked, of known length, or up to the end of the connection.</summary>
internal sealed class ResponseBody(Stream stream, ResponseHead head) : IAsyncDisposable
{
    private const int MaxChunkLine = 64;
    private readonly bool _chunked = head.Header("Transfer-Encoding")?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true;
    private ReadOnlyMemory<byte> _rest = head.Rest;
    private long _left = long.TryParse(head.Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : -1;
    private bool _done;
    private bool _first = true;

    public async ValueTask<int> ReadAsync(Memory<byte> into, CancellationToken cancel)
    {
        if (_chunked && _left <= 0 && !_done)
            await NextChunkAsync(cancel);
        if (_done || (_left == 0 && !_chunked))
            return 0;
        if (_left > 0)
            into = into[..(int)Math.Min(into.Length, _left)];
        var count = await RawAsync(into, cancel);
        if (_left > 0)
            _left -= count;
        return count;
    }

    public ValueTask DisposeAsync() => default;

    private async ValueTask NextChunkAsync(CancellationToken cancel)
    {
        if (!_first)
            await LineAsync(cancel);
        _first = false;
        var line = await LineAsync(cancel);
        var size = line.Split(';')[0].Trim();
        if (!long.TryParse(size, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out _left) || _left == 0)
            _done = true;
    }

    private async ValueTask<string> LineAsync(CancellationToken cancel)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (line.Length < MaxChunkLine && await RawAsync(one, cancel) == 1 && one[0] != '\n')
            line.Append((char)one[0]);
        return line.ToString().TrimEnd('\r');
    }

    private async ValueTask<int> RawAsync(Memory<byte> into, CancellationToken cancel)
    {
        if (_rest.IsEmpty)
            return await stream.ReadAsync(into, cancel);
        var count = Math.Min(_rest.Length, into.Length);
        _rest[..count].CopyTo(into);
        _rest = _rest[count..];
        return count;
    }
}
