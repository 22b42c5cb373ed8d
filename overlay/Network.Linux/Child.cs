using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>What to start and with which descriptors.</summary>
public sealed record ChildSpec(string File, IReadOnlyList<string> Arguments)
{
    /// <summary>Null inherits this process's environment.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    public string? WorkingDirectory { get; init; }

    /// <summary>Null means /dev/null.</summary>
    public SafeFileHandle? StandardInput { get; init; }

    public SafeFileHandle? StandardOutput { get; init; }

    public SafeFileHandle? StandardError { get; init; }

    /// <summary>Append both outputs to this file instead.</summary>
    public string? LogFile { get; init; }

    /// <summary>Descriptors handed over as 3, 4, 5, ... in this order.</summary>
    public IReadOnlyList<SafeFileHandle> ExtraDescriptors { get; init; } = [];

    /// <summary>Own session, so that the child survives the terminal that started it.</summary>
    public bool NewSession { get; init; }

    /// <summary>Network namespace (name or path) the child starts in; null means this process's.</summary>
    public string? NetNs { get; init; }
}

/// <summary>How a process ended: exit code, or the signal that killed it.</summary>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>The shell's convention: 128 + signal for a killed process.</summary>
    public int ShellCode => Signal == 0 ? Code : 128 + Signal;
}

/// <summary>
/// A child process started by posix_spawn from the calling thread, so that it inherits the thread's namespaces,
/// with exactly the descriptors named. <see cref="System.Diagnostics.Process"/> can do neither.
/// </summary>
public sealed class Child
{
    private readonly SafeFileHandle _pidFd;

    private Child(int pid, SafeFileHandle pidFd)
    {
        Pid = pid;
        _pidFd = pidFd;
    }

    public int Pid { get; }

    public static Child Start(ChildSpec spec) => spec.NetNs is { } ns ? Linux.NetNs.Run(ns, () => Spawn(spec)) : Spawn(spec);

    /// <summary>Waits for the end without blocking a pool thread.</summary>
    public async Task<ExitStatus> WaitAsync()
    {
        await ProcessEnd.WaitAsync(_pidFd).ConfigureAwait(false);
        return Reap();
    }

    /// <summary>Blocks until the end.</summary>
    public ExitStatus Wait() => Reap();

    public void Kill(int signal) => Processes.Kill(Pid, signal);

    private unsafe ExitStatus Reap()
    {
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        while (LibC.waitid(LibC.P_PID, (uint)Pid, info, LibC.WEXITED) < 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
                throw new LinuxException($"wait for process {Pid}", errno);
        }

        _pidFd.Dispose();
        return Processes.Decode(info);
    }

    private static unsafe Child Spawn(ChildSpec spec)
    {
        // Sizes of the opaque glibc types are 80 and 336 bytes; sigset_t is 128.
        var actions = stackalloc byte[128];
        var attributes = stackalloc byte[512];
        var signals = stackalloc byte[128];
        LibC.posix_spawn_file_actions_init(actions);
        LibC.posix_spawnattr_init(attributes);
        using var arguments = new NativeStrings([spec.File, .. spec.Arguments]);
        using var environment = new NativeStrings(EnvironmentOf(spec));
        try
        {
            AddDescriptors(spec, actions);
            if (spec.WorkingDirectory is { } directory)
                LibC.posix_spawn_file_actions_addchdir_np(actions, directory);
            LibC.sigemptyset(signals);
            LibC.posix_spawnattr_setsigmask(attributes, signals);
            LibC.sigfillset(signals);
            LibC.posix_spawnattr_setsigdefault(attributes, signals);
            LibC.posix_spawnattr_setflags(attributes, (short)(LibC.POSIX_SPAWN_SETSIGMASK | LibC.POSIX_SPAWN_SETSIGDEF
                | (spec.NewSession ? LibC.POSIX_SPAWN_SETSID : 0)));
            int pid;
            var error = LibC.posix_spawnp(&pid, spec.File, actions, attributes, arguments.Pointer, environment.Pointer);
            if (error != 0)
                throw new LinuxException($"start {spec.File}", (Errno)error);
            return new Child(pid, Processes.OpenPidFd(pid));
        }
        finally
        {
            LibC.posix_spawnattr_destroy(attributes);
            LibC.posix_spawn_file_actions_destroy(actions);
        }
    }

    private static unsafe void AddDescriptors(ChildSpec spec, byte* actions)
    {
        // Sources are first moved out of the way: dup2 onto 3.. could overwrite a source that is still needed.
        if (spec.StandardInput is { } input)
            LibC.posix_spawn_file_actions_adddup2(actions, Raw(input), 0);
        else
            LibC.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", LibC.O_RDONLY, 0);
        const int appendCreate = LibC.O_WRONLY | LibC.O_CREAT | 0x400;
        if (spec.LogFile is { } log)
        {
            LibC.posix_spawn_file_actions_addopen(actions, 1, log, appendCreate, 0x1A0 /* 0640 */);
            LibC.posix_spawn_file_actions_adddup2(actions, 1, 2);
        }
        else
        {
            AddOutput(actions, spec.StandardOutput, 1);
            AddOutput(actions, spec.StandardError, 2);
        }

        const int parking = 200;
        for (var i = 0; i < spec.ExtraDescriptors.Count; i++)
            LibC.posix_spawn_file_actions_adddup2(actions, Raw(spec.ExtraDescriptors[i]), parking + i);
        for (var i = 0; i < spec.ExtraDescriptors.Count; i++)
            LibC.posix_spawn_file_actions_adddup2(actions, parking + i, 3 + i);
    }

    private static unsafe void AddOutput(byte* actions, SafeFileHandle? handle, int target)
    {
        if (handle is not null)
            LibC.posix_spawn_file_actions_adddup2(actions, Raw(handle), target);
        else
            LibC.posix_spawn_file_actions_addopen(actions, target, "/dev/null", LibC.O_WRONLY, 0);
    }

    private static int Raw(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private static IReadOnlyList<string> EnvironmentOf(ChildSpec spec)
    {
        if (spec.Environment is { } own)
            return own.Select(pair => $"{pair.Key}={pair.Value}").ToList();
        return System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(pair => $"{pair.Key}={pair.Value}").ToList();
    }

    /// <summary>A null-terminated array of C strings.</summary>
    private unsafe ref struct NativeStrings
    {
        private readonly int _count;

        internal NativeStrings(IReadOnlyList<string> values)
        {
            _count = values.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(values[i]);
        }

        internal byte** Pointer { get; }

        public readonly void Dispose()
        {
            for (var i = 0; i < _count; i++)
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            NativeMemory.Free(Pointer);
        }
    }
}
