using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Network.Kubelet.Images;
using Network.Kubelet.Runtime.Logs;
using Network.Kubelet.Runtime.Oci;
using Network.Linux;

namespace Network.Kubelet.Runtime;

/// <summary>
/// Starts, stops, watches and removes containers through an OCI runtime, without any process of our own beside them.
/// A container's output goes into FIFOs that the container itself also holds open for reading, so it neither dies nor
/// loses anything while the kubelet is away; the kernel keeps its exit code for whoever holds its pid descriptor.
/// </summary>
internal sealed partial class ContainerRuntime(RuntimeCommand command, string dataDirectory, ImageStore images, TimeProvider time, ILogger<ContainerRuntime> logger)
    : IDisposable
{
    private readonly ConcurrentDictionary<string, Container> _containers = new();
    private readonly DescriptorPump _pump = new("container-output");
    private readonly string _directory = Path.Combine(dataDirectory, "containers");

    internal string Name => command.Name;

    internal IEnumerable<Container> Containers => _containers.Values;

    /// <summary>Raised after a container's record changed to Exited.</summary>
    internal event Action<Container>? Exited;

    internal IReadOnlyList<Container> Of(string podUid) => [.. _containers.Values.Where(container => container.Record.Identity.PodUid == podUid)];

    /// <summary>Starts a container. One that cannot start comes back as ended with exit code 128 and reason StartError, as containerd tells it.</summary>
    internal async Task<Container> StartAsync(ContainerSpec spec)
    {
        var clock = time.GetTimestamp();
        var container = New(spec);
        try
        {
            Prepare(container, spec);
            await CreateAsync(container, spec).ConfigureAwait(false);
            container.Record = container.Record with { Phase = ContainerPhase.Running, StartedAt = time.GetUtcNow() };
            container.Save();
            await command.RunAsync(ErrorLog(container), ["start", container.Record.Id]).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RuntimeException or IOException or OperationCanceledException or InvalidDataException)
        {
            await FailAsync(container, e is RuntimeException refusal ? refusal.Words : e.Message).ConfigureAwait(false);
            return container;
        }

        LogStarted(spec.Identity.PodNamespace, spec.Identity.PodName, spec.Identity.Name, spec.Identity.Attempt,
            container.Record.Pid, time.GetElapsedTime(clock).TotalMilliseconds);
        _ = WatchAsync(container);
        return container;
    }

    /// <summary>Reads the records of an earlier kubelet: running containers are taken over, ended ones keep their record.</summary>
    internal void Adopt()
    {
        Directory.CreateDirectory(_directory);
        foreach (var directory in Directory.EnumerateDirectories(_directory))
        {
            var file = Path.Combine(directory, "state.json");
            if (!File.Exists(file) || ContainerRecord.TryParse(File.ReadAllText(file)) is not { } record)
            {
                LogLeftover(directory);
                RemoveDirectory(directory);
                continue;
            }

            var container = new Container(record, directory);
            _containers[record.Id] = container;
            if (record.Phase == ContainerPhase.Exited)
            {
                container.MarkEnded();
                _ = ReleaseAsync(container);
            }
            else
            {
                Adopt(container);
            }
        }
    }

    internal void Signal(Container container, int signal)
    {
        if (container.Record is { Phase: not ContainerPhase.Exited, Pid: > 0 } record && ProcessStart(record.Pid) == record.PidStart)
            Processes.Kill(record.Pid, signal);
    }

    /// <summary>Forgets an ended container: its record and files.</summary>
    internal async Task RemoveAsync(Container container)
    {
        await container.Released.Task.ConfigureAwait(false);
        RemoveDirectory(container.Directory);
        _containers.TryRemove(container.Record.Id, out _);
    }

    public void Dispose() => _pump.Dispose();

    private Container New(ContainerSpec spec)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var container = new Container(new ContainerRecord(id, spec.Identity)
        {
            Image = spec.ImageName,
            ImageId = spec.Image.Id,
            CreatedAt = time.GetUtcNow(),
            LogPath = spec.LogPath,
            CgroupPath = spec.CgroupPath,
            StopSignal = spec.StopSignal.Length > 0 ? spec.StopSignal : spec.Image.StopSignal,
            TerminationLog = spec.TerminationLog,
            Tty = spec.Tty,
            Stdin = spec.Stdin,
            StdinOnce = spec.StdinOnce,
            SpecHash = spec.SpecHash,
        }, Path.Combine(_directory, id[..24]));
        Directory.CreateDirectory(container.Directory);
        container.Save();
        _containers[id] = container;
        return container;
    }

    private void Prepare(Container container, ContainerSpec spec)
    {
        foreach (var name in (string[])["rootfs", "upper", "work"])
            Directory.CreateDirectory(Path.Combine(container.Directory, name));
        Mounts.Overlay(container.RootFs, images.LayersOf(spec.Image), Path.Combine(container.Directory, "upper"), Path.Combine(container.Directory, "work"));
        File.WriteAllText(container.ConfigFile, OciConfig.For(spec, container.RootFs).ToJsonString());
        container.Log = new LogFile(spec.LogPath, time);
    }

    private async Task CreateAsync(Container container, ContainerSpec spec)
    {
        var pidFile = Path.Combine(container.Directory, "pid");
        List<string> arguments = ["create", "--bundle", container.Directory, "--pid-file", pidFile];
        if (spec.Tty)
            await CreateWithTerminalAsync(container, arguments).ConfigureAwait(false);
        else
            await CreateWithPipesAsync(container, arguments).ConfigureAwait(false);
        var pid = int.Parse(File.ReadAllText(pidFile));
        container.PidFd = Processes.OpenPidFd(pid);
        container.Record = container.Record with { Pid = pid, PidStart = ProcessStart(pid) };
        container.Save();
    }

    private async Task CreateWithTerminalAsync(Container container, List<string> arguments)
    {
        using var listener = ConsoleSocket.Listen(container.Directory, out var path);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
        var terminal = Network.Linux.Terminal.ReceiveAsync(listener, limit.Token);
        try
        {
            await command.RunAsync(ErrorLog(container), [.. arguments, "--console-socket", path, container.Record.Id]).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(path);
        }

        container.Terminal = await terminal.ConfigureAwait(false);
        container.OpenStreams(1);
        _pump.Add(FileDescriptor.Duplicate(container.Terminal), Stream(container, "stdout"));
    }

    private async Task CreateWithPipesAsync(Container container, List<string> arguments)
    {
        container.OpenStreams(2);
        using var output = OpenOutput(container, "stdout");
        using var error = OpenOutput(container, "stderr");
        using var input = container.Record.Stdin ? OpenInput(container) : null;
        await command.RunAsync(ErrorLog(container), [.. arguments, container.Record.Id],
            spec => spec with { StandardInput = input, StandardOutput = output, StandardError = error }).ConfigureAwait(false);
    }

    // The read end goes to the pump first; then the container's own descriptor is opened for reading and writing, which never blocks.
    private SafeFileHandle OpenOutput(Container container, string name)
    {
        var path = Path.Combine(container.Directory, name);
        FileDescriptor.MakeFifo(path);
        var read = FileDescriptor.Open(path, nonBlocking: true);
        var write = FileDescriptor.Open(path, write: true);
        FileDescriptor.TrySetPipeSize(write, 1024 * 1024);
        _pump.Add(read, Stream(container, name));
        return write;
    }

    // Read-only for the container, so that it sees the end of input when the kubelet closes its side.
    private static SafeFileHandle OpenInput(Container container)
    {
        var path = Path.Combine(container.Directory, "stdin");
        FileDescriptor.MakeFifo(path);
        container.Input = FileDescriptor.Open(path, write: true);
        return FileDescriptor.Open(path);
    }

    private static LogStream Stream(Container container, string name) => new(name, container.Log!, container.PassOn, container.StreamEnded);

    private void Adopt(Container container)
    {
        var record = container.Record;
        if (record.Phase == ContainerPhase.Created || record.Pid == 0 || ProcessStart(record.Pid) != record.PidStart)
        {
            container.Record = record with
            {
                Phase = ContainerPhase.Exited,
                FinishedAt = time.GetUtcNow(),
                ExitCode = 137,
                Reason = "ContainerStatusUnknown",
                Message = "The container could not be located when the kubelet came back",
            };
            container.Save();
            container.MarkEnded();
            _ = ReleaseAsync(container);
            return;
        }

        container.PidFd = Processes.OpenPidFd(record.Pid);
        container.Log = new LogFile(record.LogPath, time);
        container.OpenStreams(record.Tty ? 0 : 2);
        if (!record.Tty)
        {
            foreach (var name in (string[])["stdout", "stderr"])
                _pump.Add(FileDescriptor.Open(Path.Combine(container.Directory, name), nonBlocking: true), Stream(container, name));
        }

        LogAdopted(record.Identity.PodNamespace, record.Identity.PodName, record.Identity.Name, record.Pid);
        _ = WatchAsync(container);
    }

    private async Task WatchAsync(Container container)
    {
        await ProcessEnd.WaitAsync(container.PidFd!).ConfigureAwait(false);
        var exit = ContainerEnd.Read(container.Record.Pid, container.PidFd!);
        // Processes outside the pid namespace may hold the pipes a little longer; do not wait for them for ever.
        await container.OutputDrained.Task.WaitAsync(TimeSpan.FromSeconds(2), time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        container.Record = ContainerEnd.Describe(container.Record, exit, time.GetUtcNow());
        container.Save();
        container.Close();
        var record = container.Record;
        LogExited(record.Identity.PodNamespace, record.Identity.PodName, record.Identity.Name, record.ExitCode, record.Reason);
        container.MarkEnded();
        _ = ReleaseAsync(container);
        Exited?.Invoke(container);
    }

    private async Task FailAsync(Container container, string words)
    {
        if (container.PidFd is not null)
            Signal(container, Processes.SIGKILL);
        container.Record = container.Record with
        {
            Phase = ContainerPhase.Exited,
            FinishedAt = time.GetUtcNow(),
            ExitCode = 128,
            Reason = "StartError",
            Message = words,
        };
        container.Save();
        container.Close();
        container.MarkEnded();
        await ReleaseAsync(container).ConfigureAwait(false);
    }

    // Mounts and cgroup go at once, because the next life uses the same cgroup; the record stays for lastState.
    private async Task ReleaseAsync(Container container)
    {
        try
        {
            await command.RunAsync(ErrorLog(container), ["delete", "--force", container.Record.Id]).ConfigureAwait(false);
        }
        catch (RuntimeException e)
        {
            LogDeleteRefused(container.Record.Id, e.Words);
        }

        foreach (var mount in Mounts.Below(container.Directory))
            Mounts.Unmount(mount);
        foreach (var name in (string[])["upper", "work"])
        {
            if (Directory.Exists(Path.Combine(container.Directory, name)))
                Directory.Delete(Path.Combine(container.Directory, name), recursive: true);
        }

        container.Released.TrySetResult();
    }

    private static long ProcessStart(int pid) => ContainerEnd.StartTimeOf(pid);

    private static string ErrorLog(Container container) => Path.Combine(container.Directory, "runtime.log");

    private static void RemoveDirectory(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        foreach (var mount in Mounts.Below(directory))
            Mounts.Unmount(mount);
        Directory.Delete(directory, recursive: true);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "container started: pod {Namespace}/{Pod} container {Container} attempt {Attempt} pid {Pid} in {Milliseconds:0} ms")]
    private partial void LogStarted(string @namespace, string pod, string container, int attempt, int pid, double milliseconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "container adopted: pod {Namespace}/{Pod} container {Container} pid {Pid}")]
    private partial void LogAdopted(string @namespace, string pod, string container, int pid);

    [LoggerMessage(Level = LogLevel.Information, Message = "container ended: pod {Namespace}/{Pod} container {Container} exit code {Code} {Reason}")]
    private partial void LogExited(string @namespace, string pod, string container, int code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "leftover without a record removed: {Directory}")]
    private partial void LogLeftover(string directory);

    [LoggerMessage(Level = LogLevel.Debug, Message = "runtime had nothing to delete for {Id}: {Words}")]
    private partial void LogDeleteRefused(string id, string words);
}
