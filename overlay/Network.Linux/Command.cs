using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Network.Linux;

/// <summary>What a finished command printed and how it ended.</summary>
public sealed record CommandResult(ExitStatus Exit, string Output, string Error)
{
    public bool Succeeded => Exit is { Code: 0, Signal: 0 };

    /// <summary>Throws with the command's own words unless it succeeded.</summary>
    public CommandResult OrThrow(string operation) => Succeeded
        ? this
        : throw new InvalidOperationException(
            $"{operation}: exit code {Exit.ShellCode}: {(Error.Length > 0 ? Error : Output).Trim()}");
}

/// <summary>Runs a command to its end and collects its output.</summary>
public static class Command
{
    /// <summary>Runs the command, feeding <paramref name="input"/>; kills it when cancelled.</summary>
    public static async Task<CommandResult> RunAsync(ChildSpec spec, string? input = null, CancellationToken cancel = default)
    {
        var (outputRead, outputWrite) = FileDescriptor.Pipe();
        var (errorRead, errorWrite) = FileDescriptor.Pipe();
        var (inputRead, inputWrite) = input is null ? ((SafeFileHandle?)null, (SafeFileHandle?)null) : FileDescriptor.Pipe();
        Child child;
        using (outputWrite)
        using (errorWrite)
        using (inputRead)
            child = Child.Start(spec with { StandardInput = inputRead, StandardOutput = outputWrite, StandardError = errorWrite });

        await using var killer = cancel.Register(() => child.Kill(Processes.SIGKILL));
        var output = ReadAsync(outputRead);
        var error = ReadAsync(errorRead);
        if (inputWrite is not null)
            await WriteAsync(inputWrite, input!).ConfigureAwait(false);
        var exit = await child.WaitAsync().ConfigureAwait(false);
        cancel.ThrowIfCancellationRequested();
        return new CommandResult(exit, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
    }

    /// <inheritdoc cref="RunAsync(ChildSpec, string?, CancellationToken)"/>
    public static Task<CommandResult> RunAsync(string file, params string[] arguments) => RunAsync(new ChildSpec(file, arguments));

    private static Task<string> ReadAsync(SafeFileHandle pipe) => Task.Run(() =>
    {
        using var stream = new FileStream(pipe, FileAccess.Read, bufferSize: 0);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    });

    private static Task WriteAsync(SafeFileHandle pipe, string input) => Task.Run(() =>
    {
        using var stream = new FileStream(pipe, FileAccess.Write, bufferSize: 0);
        try
        {
            stream.Write(Encoding.UTF8.GetBytes(input));
        }
        catch (IOException)
        {
            // The command ended without reading all of its input; its exit code tells the rest.
        }
    });
}
