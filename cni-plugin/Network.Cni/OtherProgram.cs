using System.Text;
using Network.Linux;

namespace Network.Cni;

/// <summary>
/// Runs another program to its end, on the thread of this process that belongs to the node's namespace: there is one pod to
/// attach and nothing else to do meanwhile.
/// </summary>
internal static class OtherProgram
{
    internal static (ExitStatus Exit, ReadOnlyMemory<byte> Output, string Errors) Run(ChildSpec program, ReadOnlySpan<byte> input)
    {
        using var standardInput = FileDescriptor.Memory("input");
        RandomAccess.Write(standardInput, input, 0);
        using var output = FileDescriptor.Memory("output");
        using var errors = FileDescriptor.Memory("errors");
        var child = Child.Start(program with { StandardInput = standardInput, StandardOutput = output, StandardError = errors });
        var exit = child.Wait();
        return (exit, Content(output), Encoding.UTF8.GetString(Content(errors).Span).Trim());
    }

    private static ReadOnlyMemory<byte> Content(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        return bytes.AsMemory(0, RandomAccess.Read(file, bytes, 0));
    }
}
