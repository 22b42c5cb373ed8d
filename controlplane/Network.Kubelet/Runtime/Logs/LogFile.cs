using System.Text;

namespace Network.Kubelet.Runtime.Logs;

/// <summary>
/// One container's log in the CRI format (<c>time stream P|F text</c>), rotated by size. Writers are the two streams of a container;
/// readers ask to be told of the next write.
/// </summary>
internal sealed class LogFile : IDisposable
{
    internal const int KeptFiles = 5;
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly long _rotateAt;
    private readonly TimeProvider _time;
    private FileStream _file;
    private TaskCompletionSource _nextWrite = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LogFile(string path, TimeProvider time, long rotateAt = 10 * 1024 * 1024)
    {
        _path = path;
        _time = time;
        _rotateAt = rotateAt;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        _file = Open();
    }

    /// <summary>Completes at the next write or at the end of the log.</summary>
    internal Task NextWrite
    {
        get
        {
            lock (_lock)
                return _nextWrite.Task;
        }
    }

    internal bool Closed { get; private set; }

    /// <summary>Raised by one at each rotation, so that a follower knows to open the new file.</summary>
    internal int Generation { get; private set; }

    internal void Write(string stream, ReadOnlySpan<byte> text, bool complete)
    {
        lock (_lock)
        {
            if (Closed)
                return;
            Span<byte> head = stackalloc byte[64];
            var count = Encoding.ASCII.GetBytes($"{LogTime.Format(_time.GetUtcNow())} {stream} {(complete ? 'F' : 'P')} ", head);
            _file.Write(head[..count]);
            _file.Write(text);
            _file.Write("\n"u8);
            if (_file.Position >= _rotateAt)
                Rotate();
        }
    }

    /// <summary>Pushes what was written to readers.</summary>
    internal void Flush()
    {
        TaskCompletionSource written;
        lock (_lock)
        {
            if (!Closed)
                _file.Flush();
            (written, _nextWrite) = (_nextWrite, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        written.TrySetResult();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (Closed)
                return;
            Closed = true;
            _file.Dispose();
        }

        Flush();
    }

    private void Rotate()
    {
        _file.Dispose();
        File.Move(_path, $"{_path}.{_time.GetUtcNow():yyyyMMdd-HHmmss.fffffff}", overwrite: true);
        var old = Directory.GetFiles(Path.GetDirectoryName(_path)!, Path.GetFileName(_path) + ".*").Order(StringComparer.Ordinal).ToList();
        foreach (var file in old.Take(Math.Max(0, old.Count - (KeptFiles - 1))))
            File.Delete(file);
        _file = Open();
        Generation++;
    }

    private FileStream Open() => new(_path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 32 * 1024,
    });
}
