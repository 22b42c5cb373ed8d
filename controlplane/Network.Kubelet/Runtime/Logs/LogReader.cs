using System.Text;

namespace Network.Kubelet.Runtime.Logs;

/// <summary>Reads a CRI log back as plain text, from its end when asked, following it while the container lives.</summary>
internal sealed class LogReader(string path, LogOptions options)
{
    private long _left = options.LimitBytes ?? long.MaxValue;
    private bool _lineStart = true;

    /// <param name="live">The log's writer while the container runs; null for an ended container.</param>
    internal async Task CopyToAsync(Stream target, LogFile? live, CancellationToken cancel)
    {
        FileStream? file = null;
        try
        {
            var generation = live?.Generation;
            file = Open();
            if (options.TailLines is { } lines)
                await SeekToTailAsync(file, lines, cancel).ConfigureAwait(false);
            var pending = new List<byte>();
            while (_left > 0)
            {
                var next = live is { Closed: false } ? live.NextWrite : null;
                await CopyNewAsync(file, target, pending, cancel).ConfigureAwait(false);
                await target.FlushAsync(cancel).ConfigureAwait(false);
                if (!options.Follow || next is null)
                    return;
                if (live!.Generation != generation)
                {
                    generation = live.Generation;
                    await CopyNewAsync(file, target, pending, cancel).ConfigureAwait(false);
                    await file.DisposeAsync().ConfigureAwait(false);
                    file = Open();
                    continue;
                }

                await next.WaitAsync(cancel).ConfigureAwait(false);
            }
        }
        finally
        {
            if (file is not null)
                await file.DisposeAsync().ConfigureAwait(false);
        }
    }

    private FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);

    private async Task CopyNewAsync(FileStream file, Stream target, List<byte> pending, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        int count;
        while (_left > 0 && (count = await file.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
        {
            using var text = new MemoryStream();
            var start = 0;
            for (var i = 0; i < count; i++)
            {
                if (buffer[i] != '\n')
                    continue;
                pending.AddRange(buffer.AsSpan(start, i - start));
                Append(text, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pending));
                pending.Clear();
                start = i + 1;
            }

            pending.AddRange(buffer.AsSpan(start, count - start));
            await target.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), cancel).ConfigureAwait(false);
        }
    }

    private void Append(MemoryStream target, ReadOnlySpan<byte> line)
    {
        if (!LogLine.TryParse(line, out var parsed) || _left <= 0)
            return;
        if (options.Stream is { } only && !parsed.Stream.SequenceEqual(Encoding.ASCII.GetBytes(only)))
            return;
        if (options.Since is { } since && LogTime.TryParse(Encoding.ASCII.GetString(parsed.Time), out var time) && time < since)
            return;
        if (options.Timestamps && _lineStart)
        {
            Write(target, parsed.Time);
            Write(target, " "u8);
        }

        Write(target, parsed.Text);
        if (parsed.Complete)
            Write(target, "\n"u8);
        _lineStart = parsed.Complete;
    }

    private void Write(MemoryStream target, ReadOnlySpan<byte> bytes)
    {
        var count = (int)Math.Min(_left, bytes.Length);
        target.Write(bytes[..count]);
        _left -= count;
    }

    // Counts complete entries backwards in blocks, so that --tail of a large log reads only its end.
    private static async Task SeekToTailAsync(FileStream file, long lines, CancellationToken cancel)
    {
        var block = new byte[32 * 1024];
        var position = file.Length;
        var seen = -1L;
        while (position > 0)
        {
            var size = (int)Math.Min(block.Length, position);
            position -= size;
            file.Position = position;
            await file.ReadExactlyAsync(block.AsMemory(0, size), cancel).ConfigureAwait(false);
            for (var i = size - 1; i >= 0; i--)
            {
                if (block[i] != '\n' || ++seen != lines)
                    continue;
                file.Position = position + i + 1;
                return;
            }
        }

        file.Position = 0;
    }
}
