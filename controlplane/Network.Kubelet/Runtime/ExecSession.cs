using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Kubelet.Runtime;

/// <summary>A process running inside a container beside its first one.</summary>
internal sealed class ExecSession : IDisposable
{
    private readonly SafeFileHandle _pidFd;
    private readonly int _pid;

    internal ExecSession(int pid, SafeFileHandle? input, SafeFileHandle output, SafeFileHandle? error, SafeFileHandle? terminal)
    {
        _pid = pid;
        _pidFd = Processes.OpenPidFd(pid);
        Terminal = terminal;
        Input = input is null ? null : new FileStream(terminal is null ? input : FileDescriptor.Duplicate(input), FileAccess.Write, bufferSize: 0);
        Output = new FileStream(output, FileAccess.Read, bufferSize: 0);
        Error = error is null ? null : new FileStream(error, FileAccess.Read, bufferSize: 0);
    }

    internal Stream? Input { get; }

    internal Stream Output { get; }

    internal Stream? Error { get; }

    internal SafeFileHandle? Terminal { get; }

    internal async Task<int> WaitAsync()
    {
        await ProcessEnd.WaitAsync(_pidFd).ConfigureAwait(false);
        return ContainerEnd.Read(_pid, _pidFd)?.ShellCode ?? 137;
    }

    /// <summary>Ends the process; nobody is there any more to read its output.</summary>
    internal void Kill() => Processes.Kill(_pid, Processes.SIGKILL);

    public void Dispose()
    {
        Input?.Dispose();
        Output.Dispose();
        Error?.Dispose();
        _pidFd.Dispose();
    }
}
