using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Conformance.Clients;

/// <summary>A kubectl that goes on: its output is read while it runs, and it is ended when disposed.</summary>
public sealed class RunningKubectl : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private readonly Child _child;
    private readonly Task<ExitStatus> _end;
    private readonly SafeFileHandle _output;
    private readonly SafeFileHandle _error;

    private RunningKubectl(Child child, SafeFileHandle output, SafeFileHandle error)
    {
        (_child, _output, _error) = (child, output, error);
        _end = child.WaitAsync();
    }

    public bool Ended => _end.IsCompleted;

    /// <summary>What it has written to standard output so far.</summary>
    public string Output => KubectlProcess.Written(_output, 0);

    public string Error => KubectlProcess.Written(_error, 0);

    internal static RunningKubectl Start(KubectlProcess process, string[] arguments)
    {
        var (output, error) = (FileDescriptor.Memory("stdout"), FileDescriptor.Memory("stderr"));
        return new RunningKubectl(process.Start(arguments, output, error), output, error);
    }

    /// <summary>Waits until the output satisfies a condition.</summary>
    /// <exception cref="ExpectationFailed">It ended before.</exception>
    public async Task<string> UntilAsync(Func<string, bool> satisfied, CancellationToken cancel)
    {
        while (true)
        {
            var ended = Ended;
            if (Output is var output && satisfied(output))
                return output;
            if (ended)
                throw new ExpectationFailed($"kubectl ended too early: {Error.Trim()}{output}");
            await Task.Delay(s_pause, cancel).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!Ended)
            _child.Kill(Processes.SIGKILL);
        await _end.ConfigureAwait(false);
        _output.Dispose();
        _error.Dispose();
    }
}
