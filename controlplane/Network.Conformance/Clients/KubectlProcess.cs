using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Network.Linux;

namespace Network.Conformance.Clients;

/// <summary>One kubectl binary against one cluster: every call is a process of its own, as people and scripts call it.</summary>
public sealed partial class KubectlProcess
{
    private readonly string _program;
    private readonly string _kubeconfig;
    private readonly string _home;

    private KubectlProcess(string program, string kubeconfig, string home, KubectlVersion version)
    {
        _program = program;
        _kubeconfig = kubeconfig;
        _home = home;
        Version = version;
    }

    public KubectlVersion Version { get; }

    /// <summary>Asks the binary its version; its caches go below <paramref name="home"/>.</summary>
    /// <exception cref="InvalidOperationException">The binary does not run.</exception>
    public static async Task<KubectlProcess> OpenAsync(string program, string kubeconfig, string home, CancellationToken cancel)
    {
        Directory.CreateDirectory(home);
        var asked = new KubectlProcess(program, kubeconfig, home, default);
        var answer = await asked.RunAsync(["version", "--client", "-o", "json"], null, cancel).ConfigureAwait(false);
        return new KubectlProcess(program, kubeconfig, home, KubectlVersion.Parse(answer.OrThrow($"{program} version --client").Output));
    }

    public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, string? input, CancellationToken cancel) =>
        Command.RunAsync(Spec(arguments), input, cancel);

    /// <summary>Starts a call that goes on (a watch, a proxy), writing both outputs to files in memory; the caller ends it.</summary>
    public Child Start(IReadOnlyList<string> arguments, SafeFileHandle output, SafeFileHandle error) =>
        Child.Start(Spec(arguments) with { StandardOutput = output, StandardError = error });

    /// <summary>The refusal in what kubectl wrote to standard error; reason Unknown when it gives none.</summary>
    public static ApiRefusal Refusal(string error)
    {
        var named = ServerError().Match(error);
        var reason = named.Success ? named.Groups["reason"].Value : Invalid().IsMatch(error) ? "Invalid" : "Unknown";
        return new ApiRefusal(reason, error.Trim());
    }

    /// <summary>Everything a running call has written so far, from a byte position on.</summary>
    internal static string Written(SafeFileHandle file, long from)
    {
        var bytes = new byte[Math.Max(0, RandomAccess.GetLength(file) - from)];
        return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, from));
    }

    private ChildSpec Spec(IReadOnlyList<string> arguments) => new(_program, [$"--cache-dir={Path.Combine(_home, "cache")}", .. arguments])
    {
        Environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = _kubeconfig,
            ["HOME"] = _home,
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin",
        },
    };

    [GeneratedRegex(@"Error from server \((?<reason>\w+)\)")]
    private static partial Regex ServerError();

    // kubectl words an Invalid status in its own way: The ConfigMap "x" is invalid: ...
    [GeneratedRegex(@"(^|\n)(error: )?\S.* is invalid\b")]
    private static partial Regex Invalid();
}
