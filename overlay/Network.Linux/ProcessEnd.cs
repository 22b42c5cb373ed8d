using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Network.Linux.Interop;

namespace Network.Linux;

/// <summary>Waits for many pid descriptors on one thread; a descriptor becomes readable when its process ends.</summary>
public static class ProcessEnd
{
    private const short PollIn = 1;
    private static readonly Lock s_lock = new();
    private static readonly List<(SafeFileHandle PidFd, TaskCompletionSource Done)> s_waiting = [];
    // Streams, because RandomAccess refuses pipes.
    private static (FileStream Read, FileStream Write)? s_wake;

    /// <summary>Completes when the process behind the descriptor has ended. The descriptor must stay open until then.</summary>
    public static Task WaitAsync(SafeFileHandle pidFd)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (s_lock)
        {
            s_waiting.Add((pidFd, done));
            if (s_wake is null)
            {
                var (read, write) = FileDescriptor.Pipe();
                s_wake = (new FileStream(read, FileAccess.Read, bufferSize: 0), new FileStream(write, FileAccess.Write, bufferSize: 0));
                new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "process-end" }.Start();
            }

            s_wake.Value.Write.WriteByte(1);
        }

        return done.Task;
    }

    private static unsafe void Loop()
    {
        var wake = s_wake!.Value.Read;
        var drained = new byte[64];
        while (true)
        {
            (SafeFileHandle PidFd, TaskCompletionSource Done)[] waiting;
            lock (s_lock)
                waiting = [.. s_waiting];
            var polled = new LibC.PollFd[waiting.Length + 1];
            polled[0] = new LibC.PollFd { fd = (int)wake.SafeFileHandle.DangerousGetHandle(), events = PollIn };
            for (var i = 0; i < waiting.Length; i++)
                polled[i + 1] = new LibC.PollFd { fd = (int)waiting[i].PidFd.DangerousGetHandle(), events = PollIn };
            fixed (LibC.PollFd* first = polled)
            {
                if (LibC.poll(first, (ulong)polled.Length, -1) < 0)
                {
                    if ((Errno)Marshal.GetLastPInvokeError() == Errno.EINTR)
                        continue;
                    throw LinuxException.Last("poll process ends");
                }
            }

            if (polled[0].revents != 0)
                _ = wake.Read(drained);
            for (var i = 0; i < waiting.Length; i++)
            {
                if (polled[i + 1].revents == 0)
                    continue;
                lock (s_lock)
                    s_waiting.Remove(waiting[i]);
                waiting[i].Done.TrySetResult();
            }
        }
    }
}
