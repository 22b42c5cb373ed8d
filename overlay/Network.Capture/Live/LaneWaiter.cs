using Microsoft.Win32.SafeHandles;
using Network.Capture.Interop;
using Network.Linux;

namespace Network.Capture.Live;

/// <summary>Waits until a lane has packets, somebody calls <see cref="Wake"/>, or time is up.</summary>
internal sealed unsafe class LaneWaiter : IDisposable
{
    private readonly SafeFileHandle _wake;
    private readonly LibC.pollfd[] _descriptors;

    /// <param name="lanes">What has packets.</param>
    /// <param name="output">Where they go; -1 when nobody can go away there.</param>
    internal LaneWaiter(IReadOnlyList<CaptureLane> lanes, int output)
    {
        var descriptor = LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK);
        if (descriptor < 0)
            throw LinuxException.Last("make an eventfd");
        _wake = new SafeFileHandle(descriptor, ownsHandle: true);
        // A pipe without a reader shows POLLERR whatever is asked for (poll(2)).
        _descriptors = [new LibC.pollfd { fd = descriptor, events = LibC.POLLIN }, new LibC.pollfd { fd = output },
            .. lanes.Select(lane => new LibC.pollfd { fd = lane.Descriptor, events = LibC.POLLIN })];
    }

    /// <summary>Ends the current and every later wait at once; safe from any thread.</summary>
    internal void Wake()
    {
        ulong one = 1;
        _ = LibC.write((int)_wake.DangerousGetHandle(), &one, sizeof(ulong));
    }

    /// <summary>Nobody reads the output any more; known after a <see cref="Wait"/>.</summary>
    internal bool ReaderIsGone => (_descriptors[1].revents & (LibC.POLLERR | LibC.POLLHUP)) != 0;

    /// <summary>poll(2) skips negative descriptors.</summary>
    internal void Forget(int lane) => _descriptors[lane + 2].fd = -1;

    internal void Wait(TimeSpan timeout)
    {
        // Rounded up: a wait that ends a fraction too early would spin.
        var milliseconds = (int)Math.Ceiling(timeout.TotalMilliseconds);
        fixed (LibC.pollfd* descriptors = _descriptors)
            _ = LibC.poll(descriptors, (nuint)_descriptors.Length, milliseconds);
    }

    /// <summary>Lets time pass whatever the lanes do.</summary>
    internal static void Pause(TimeSpan time) => _ = LibC.poll(null, 0, (int)time.TotalMilliseconds);

    public void Dispose() => _wake.Dispose();
}
