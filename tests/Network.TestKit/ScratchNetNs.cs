using Network.Linux;

namespace Network.TestKit;

/// <summary>A network namespace of a test's own, removed with everything in it when the test ends, also on failure.</summary>
public sealed class ScratchNetNs : IDisposable
{
    public ScratchNetNs(string purpose)
    {
        Name = $"t-{purpose}-{Guid.NewGuid().ToString("N")[..8]}";
        NetNs.Create(Name);
        Shell.Run("ip", "-n", Name, "link", "set", "lo", "up");
    }

    public string Name { get; }

    public string Path => NetNs.PathOf(Name);

    /// <summary>Runs code inside the namespace.</summary>
    public T Run<T>(Func<T> code) => NetNs.Run(Name, code);

    /// <inheritdoc cref="Run{T}(Func{T})"/>
    public void Run(Action code) => NetNs.Run(Name, code);

    /// <summary>Runs a command inside the namespace and returns its standard output; a failure throws with its words.</summary>
    public string Exec(string file, params string[] arguments) => Shell.RunIn(Name, file, arguments);

    public void Dispose() => NetNs.Delete(Name);
}
