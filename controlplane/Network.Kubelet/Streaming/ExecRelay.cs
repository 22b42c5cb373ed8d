using Network.Kubelet.Runtime;
using Network.Kubelet.Runtime.Oci;
using Network.Linux;

namespace Network.Kubelet.Streaming;

/// <summary>Joins a client's streams with a process started in a container, or with the container's own.</summary>
internal sealed class ExecRelay(ContainerExec exec)
{
    internal async Task ExecAsync(Container container, IReadOnlyList<string> command, StreamRequest request, IRemoteStreams remote)
    {
        ExecSession session;
        try
        {
            session = await exec.StartAsync(container, command, request.Tty, request.Stdin, remote.Gone).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RuntimeException or LinuxException or IOException)
        {
            var words = e is RuntimeException refusal ? refusal.Words : e.Message;
            await remote.FinishAsync(RemoteStatus.Error($"error executing command in container: failed to exec in container: OCI runtime exec failed: {words}")).ConfigureAwait(false);
            return;
        }

        using (session)
        {
            var outputs = Task.WhenAll(Copy(session.Output, remote, false), session.Error is null ? Task.CompletedTask : Copy(session.Error, remote, true));
            if (request.Stdin)
                _ = FeedAsync(session, remote);
            if (session.Terminal is { } terminal)
                _ = ResizeAsync(terminal, remote);
            using var gone = remote.Gone.Register(() => HangUp(session));
            var code = await session.WaitAsync().ConfigureAwait(false);
            // A background child may keep the pipes open; the command itself is over.
            await outputs.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await remote.FinishAsync(RemoteStatus.Exit(code)).ConfigureAwait(false);
        }
    }

    internal static async Task AttachAsync(Container container, StreamRequest request, IRemoteStreams remote)
    {
        var output = System.Threading.Channels.Channel.CreateUnbounded<(bool Error, ReadOnlyMemory<byte> Data)>();
        var key = new object();
        container.Attach(key, (name, data) => output.Writer.TryWrite((name == "stderr", data)));
        try
        {
            if (request.Stdin && (container.Terminal ?? container.Input) is not null)
                _ = FeedAsync(container, remote);
            if (container.Terminal is { } terminal)
                _ = ResizeAsync(terminal, remote);
            _ = container.Ended.ContinueWith(_ => output.Writer.TryComplete(), TaskScheduler.Default);
            using var gone = remote.Gone.Register(() => output.Writer.TryComplete());
            await foreach (var (error, data) in output.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                if (error ? request.Stderr : request.Stdout)
                    await remote.WriteAsync(error, data, remote.Gone).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            // The client is gone; the container goes on.
        }
        finally
        {
            container.Detach(key);
        }

        await remote.FinishAsync(RemoteStatus.Success()).ConfigureAwait(false);
    }

    // A thread of its own: reading a pipe blocks, and a long session must not hold a pool thread.
    private static Task Copy(Stream source, IRemoteStreams remote, bool error) => Task.Factory.StartNew(() =>
    {
        var buffer = new byte[32 * 1024];
        try
        {
            int count;
            while ((count = source.Read(buffer)) > 0)
                remote.WriteAsync(error, buffer.AsMemory(0, count), remote.Gone).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or System.Net.WebSockets.WebSocketException)
        {
            // A terminal answers EIO when its last process ended; a client may be gone.
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task FeedAsync(ExecSession session, IRemoteStreams remote)
    {
        try
        {
            await foreach (var data in remote.Input.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                await session.Input!.WriteAsync(data).ConfigureAwait(false);
            // A terminal's end of input is a character; a pipe's is its closing.
            if (session.Terminal is null)
                await session.Input!.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The process reads no more.
        }
    }

    private static async Task FeedAsync(Container container, IRemoteStreams remote)
    {
        var target = FileDescriptor.Duplicate(container.Terminal ?? container.Input!);
        await using var stream = new FileStream(target, FileAccess.Write, bufferSize: 0);
        try
        {
            await foreach (var data in remote.Input.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                await stream.WriteAsync(data).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return;
        }

        if (container.Record.StdinOnce)
            container.Input?.Dispose();
    }

    private static async Task ResizeAsync(Microsoft.Win32.SafeHandles.SafeFileHandle terminal, IRemoteStreams remote)
    {
        await foreach (var size in remote.Sizes.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            try
            {
                if (!terminal.IsClosed)
                    Terminal.Resize(terminal, size.Width, size.Height);
            }
            catch (Exception e) when (e is LinuxException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    // Losing the terminal is what ends an interactive shell; a command with pipes ends by itself at its next write.
    private static void HangUp(ExecSession session)
    {
        if (session.Terminal is not null)
            session.Kill();
    }
}
