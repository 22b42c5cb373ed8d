namespace Network.Kubelet.Runtime.Logs;

/// <summary>One entry of a CRI log: <c>2026-01-01T00:00:00.000000000Z stdout F text</c>.</summary>
internal readonly ref struct LogLine
{
    internal ReadOnlySpan<byte> Time { get; private init; }
    internal ReadOnlySpan<byte> Stream { get; private init; }
    internal bool Complete { get; private init; }
    internal ReadOnlySpan<byte> Text { get; private init; }

    internal static bool TryParse(ReadOnlySpan<byte> line, out LogLine parsed)
    {
        parsed = default;
        var time = line.IndexOf((byte)' ');
        if (time <= 0)
            return false;
        var rest = line[(time + 1)..];
        var stream = rest.IndexOf((byte)' ');
        if (stream <= 0 || rest.Length < stream + 3)
            return false;
        var tag = rest[stream + 1];
        if (tag is not ((byte)'P' or (byte)'F') || rest[stream + 2] != ' ')
            return false;
        parsed = new LogLine { Time = line[..time], Stream = rest[..stream], Complete = tag == 'F', Text = rest[(stream + 3)..] };
        return true;
    }
}
