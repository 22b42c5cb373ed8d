using Network.Linux;

namespace Network.Kubelet.Images;

/// <summary>The shared libraries a program needs, as the loader itself names them (ldd(1)).</summary>
internal static class SharedLibraries
{
    internal static async Task<IReadOnlyList<string>> OfAsync(string program, CancellationToken cancel)
    {
        var result = await Command.RunAsync(new ChildSpec("ldd", [program]), cancel: cancel).ConfigureAwait(false);
        return result.Succeeded ? Parse(result.Output) : [];
    }

    /// <summary>Lines are <c>name => /path (address)</c>, <c>/path (address)</c> for the loader, or a name without a file (vdso).</summary>
    internal static IReadOnlyList<string> Parse(string output) =>
        [.. output.Split('\n').SelectMany(line => line.Split(' ', '\t')).Where(word => word.StartsWith('/')).Distinct()];
}
