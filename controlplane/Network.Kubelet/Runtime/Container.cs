using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Network.Kubelet.Runtime.Logs;
using Network.Linux;

namespace Network.Kubelet.Runtime;

/// <summary>A container this kubelet started or adopted: its record, its log, and who is attached to it.</summary>
internal sealed class Container(ContainerRecord record, string directory)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentDictionary<object, Action<string, ReadOnlyMemory<byte>>> _attached = new();
    private int _openStreams;

    /// <summary>The latest state; replaced as a whole, so a reader always sees a consistent one.</summary>
    internal ContainerRecord Record { get; set; } = record;

    internal string Directory { get; } = directory;

    internal LogFile? Log { get; set; }

    internal SafeFileHandle? PidFd { get; set; }

    /// <summary>Write end of the container's standard input, while it has one.</summary>
    internal SafeFileHandle? Input { get; set; }

    /// <summary>Master side of the container's terminal; a terminal does not survive the kubelet.</summary>
    internal SafeFileHandle? Terminal { get; set; }

    /// <summary>Completes when the process ended, its output is drained and the record says Exited.</summary>
    internal Task Ended => _ended.Task;

    internal TaskCompletionSource OutputDrained { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when mounts and cgroup are gone; a next life of the container must wait for it.</summary>
    internal TaskCompletionSource Released { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal string ConfigFile => Path.Combine(Directory, "config.json");

    internal string StateFile => Path.Combine(Directory, "state.json");

    internal string RootFs => Path.Combine(Directory, "rootfs");

    internal bool IsRunning => Record.Phase == ContainerPhase.Running;

    internal void MarkEnded() => _ended.TrySetResult();

    internal void Close()
    {
        Log?.Dispose();
        Input?.Dispose();
        Terminal?.Dispose();
        PidFd?.Dispose();
    }

    internal void OpenStreams(int count)
    {
        _openStreams = count;
        if (count == 0)
            OutputDrained.TrySetResult();
    }

    internal void StreamEnded()
    {
        if (Interlocked.Decrement(ref _openStreams) == 0)
            OutputDrained.TrySetResult();
    }

    /// <summary>Receives a copy of all output from now on, by stream name, until the key is detached.</summary>
    internal void Attach(object key, Action<string, ReadOnlyMemory<byte>> receiver) => _attached[key] = receiver;

    internal void Detach(object key) => _attached.TryRemove(key, out _);

    internal void PassOn(string stream, ReadOnlySpan<byte> bytes)
    {
        if (_attached.IsEmpty)
            return;
        var copy = bytes.ToArray();
        foreach (var receiver in _attached.Values)
            receiver(stream, copy);
    }

    internal void Save() => AtomicFile.Write(StateFile, Record.ToJson());
}
