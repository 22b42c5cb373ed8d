using System.Runtime.InteropServices;

namespace Network.Linux;

/// <summary>The kernel refused an operation. Match on <see cref="Errno"/>, never on the text.</summary>
public sealed class LinuxException(string operation, Errno errno, string? detail = null)
    : IOException($"{operation}: {Describe(errno)}{(detail is null ? "" : $" ({detail})")}")
{
    /// <summary>What was attempted, with the object's name: <c>mount /run/netns/a</c>.</summary>
    public string Operation { get; } = operation;

    public Errno Errno { get; } = errno;

    /// <summary>The kernel's own words (netlink extended acknowledgement) where there are any.</summary>
    public string? Detail { get; } = detail;

    /// <summary>An exception for the errno the last libc call left behind.</summary>
    public static LinuxException Last(string operation) => new(operation, (Errno)Marshal.GetLastPInvokeError());

    private static string Describe(Errno errno) => $"{Marshal.GetPInvokeErrorMessage((int)errno)} ({errno})";
}
