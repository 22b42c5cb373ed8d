using System.Globalization;
using System.Text;
using Network.Api.Errors;

namespace Network.ApiServer.Subresources;

/// <summary>Status line and headers of a kubelet's HTTP/1.1 response, and the bytes that came behind them.</summary>
internal sealed record ResponseHead(int Code, IReadOnlyList<(string Name, string Value)> Headers, ReadOnlyMemory<byte> Rest)
{
    private const int MaxBytes = 64 * 1024;

    public string? Header(string name) => Headers.FirstOrDefault(h => h.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    public static async Task<ResponseHead> ReadAsync(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[MaxBytes];
        var length = 0;
        while (length < MaxBytes)
        {
            var count = await stream.ReadAsync(buffer.AsMemory(length), cancel);
            if (count == 0)
                break;
            length += count;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0 && TryParse(buffer.AsSpan(0, end), buffer.AsMemory(end + 4, length - end - 4), out var head))
                return head;
        }

        throw Refusal.Internal("error dialing backend: the kubelet's answer is not HTTP");
    }

    internal static bool TryParse(ReadOnlySpan<byte> text, ReadOnlyMemory<byte> rest, out ResponseHead head)
    {
        head = new ResponseHead(0, [], rest);
        var lines = Encoding.Latin1.GetString(text).Split("\r\n");
        var status = lines[0].Split(' ', 3);
        if (status.Length < 2 || !status[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(status[1], NumberStyles.None, CultureInfo.InvariantCulture, out var code) || code is < 100 or > 599)
            return false;
        var headers = new List<(string, string)>();
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':');
            if (colon <= 0)
                return false;
            headers.Add((line[..colon], line[(colon + 1)..].Trim()));
        }

        head = new ResponseHead(code, headers, rest);
        return true;
    }
}
