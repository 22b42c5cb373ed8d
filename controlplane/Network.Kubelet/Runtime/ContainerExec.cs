using System.Text.Json.Nodes;
using Microsoft.Win32.SafeHandles;
using Network.Kubelet.Runtime.Oci;
using Network.Linux;

namespace Network.Kubelet.Runtime;

/// <summary>Runs further processes inside a running container, with its user, environment and limits.</summary>
internal sealed class ContainerExec(RuntimeCommand command)
{
    /// <summary>Starts a process with pipes, or with a terminal of its own.</summary>
    /// <exception cref="RuntimeException">The container has no such program, or is gone.</exception>
    internal async Task<ExecSession> StartAsync(Container container, IReadOnlyList<string> arguments, bool tty, bool stdin, CancellationToken cancel)
    {
        var files = new ExecFiles(container, arguments, tty);
        try
        {
            if (tty)
            {
                using var listener = ConsoleSocket.Listen(container.Directory, out var socket);
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                var receiving = Terminal.ReceiveAsync(listener, limit.Token);
                try
                {
                    await command.RunAsync(files.ErrorLog, [.. files.Arguments, "--tty", "--console-socket", socket, container.Record.Id]).ConfigureAwait(false);
                }
                catch (RuntimeException)
                {
                    await limit.CancelAsync().ConfigureAwait(false);
                    throw;
                }
                finally
                {
                    File.Delete(socket);
                }

                var terminal = await receiving.ConfigureAwait(false);
                return new ExecSession(files.ReadPid(), terminal, terminal, null, terminal);
            }

            var (inputRead, inputWrite) = stdin ? FileDescriptor.Pipe() : (null, (SafeFileHandle?)null);
            var (outputRead, outputWrite) = FileDescriptor.Pipe();
            var (errorRead, errorWrite) = FileDescriptor.Pipe();
            using (inputRead)
            using (outputWrite)
            using (errorWrite)
                await RunAsync(files, container, inputRead, outputWrite, errorWrite).ConfigureAwait(false);
            return new ExecSession(files.ReadPid(), inputWrite, outputRead, errorRead, null);
        }
        finally
        {
            files.Delete();
        }
    }

    /// <summary>Runs a process to its end and returns both outputs together; kills it when the time is over.</summary>
    internal async Task<(int Code, string Output)> RunAsync(Container container, IReadOnlyList<string> arguments, TimeSpan timeout, CancellationToken cancel)
    {
        var files = new ExecFiles(container, arguments, tty: false);
        using var output = FileDescriptor.Memory("exec");
        try
        {
            await RunAsync(files, container, null, output, output).ConfigureAwait(false);
            var pid = files.ReadPid();
            using var pidFd = Processes.OpenPidFd(pid);
            var ended = ProcessEnd.WaitAsync(pidFd);
            try
            {
                await ended.WaitAsync(timeout, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                Processes.Kill(pid, Processes.SIGKILL);
                await ended.ConfigureAwait(false);
                ContainerEnd.Read(pid, pidFd);
                throw;
            }

            var text = new byte[RandomAccess.GetLength(output)];
            var length = RandomAccess.Read(output, text, 0);
            return (ContainerEnd.Read(pid, pidFd)?.ShellCode ?? 137, System.Text.Encoding.UTF8.GetString(text, 0, length));
        }
        catch (RuntimeException e)
        {
            return (126, e.Words);
        }
        finally
        {
            files.Delete();
        }
    }

    private Task RunAsync(ExecFiles files, Container container, SafeFileHandle? input, SafeFileHandle output, SafeFileHandle error) =>
        command.RunAsync(files.ErrorLog, [.. files.Arguments, container.Record.Id],
            spec => spec with { StandardInput = input, StandardOutput = output, StandardError = error });

    /// <summary>The files one exec needs: the process description made from the container's own, and where the pid comes back.</summary>
    private sealed class ExecFiles
    {
        private readonly string _base;

        internal ExecFiles(Container container, IReadOnlyList<string> arguments, bool tty)
        {
            _base = Path.Combine(container.Directory, $"exec-{Guid.NewGuid().ToString("N")[..12]}");
            var process = JsonNode.Parse(File.ReadAllText(container.ConfigFile))!["process"]!.AsObject();
            process["args"] = OciConfig.Strings(arguments);
            process["terminal"] = tty;
            if (tty)
                process["env"]!.AsArray().Add((JsonNode)"TERM=xterm");
            File.WriteAllText(_base + ".json", process.ToJsonString());
        }

        internal string ErrorLog => _base + ".log";

        internal IReadOnlyList<string> Arguments => ["exec", "--process", _base + ".json", "--detach", "--pid-file", _base + ".pid"];

        internal int ReadPid() => int.Parse(File.ReadAllText(_base + ".pid"));

        internal void Delete()
        {
            foreach (var suffix in (string[])[".json", ".log", ".pid"])
                File.Delete(_base + suffix);
        }
    }
}
