namespace Network.Host.Parts;

/// <summary>A component as a process runs it: it can be started, asked whether it is ready, and stopped by cancelling.</summary>
public interface IPart
{
    string Name { get; }

    bool IsReady { get; }

    Task RunAsync(CancellationToken cancel);

    /// <summary>A page of its own on the health port; null for a path that is not its.</summary>
    string? Page(string path) => null;
}

/// <summary>A part made of two functions, for rooms that know nothing of hosts.</summary>
public sealed class Part(string name, Func<bool> isReady, Func<CancellationToken, Task> run) : IPart
{
    public string Name { get; } = name;

    public bool IsReady => isReady();

    public Task RunAsync(CancellationToken cancel) => run(cancel);
}
