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
        using var output = FileDescriptor.Memory("stdout");
        using var error = FileDescriptor.Memory("stderr");
        using var standardInput = input is null ? null : FileDescriptor.Memory("stdin");
        if (standardInput is not null)
            RandomAccess.Write(standardInput, Encoding.UTF8.GetBytes(input!), 0);
        var child = Child.Start(spec with { StandardInput = standardInput, StandardOutput = output, StandardError = error });
        await using var killer = cancel.Register(() => child.Kill(Processes.SIGKILL));
        var exit = await child.WaitAsync().ConfigureAwait(false);
        cancel.ThrowIfCancellationRequested();
        return new CommandResult(exit, Text(output), Text(error));
    }

    /// <inheritdoc cref="RunAsync(ChildSpec, string?, CancellationToken)"/>
    public static Task<CommandResult> RunAsync(string file, params string[] arguments) => RunAsync(new ChildSpec(file, arguments));

    private static string Text(SafeFileHandle file)
    {
        var bytes = new byte[RandomAccess.GetLength(file)];
        var count = RandomAccess.Read(file, bytes, 0);
        return Encoding.UTF8.GetString(bytes, 0, count);
    }
}
