using System.Diagnostics.CodeAnalysis;

namespace Network.Overlay;

/// <summary>Backends by the names that annotations, options and files use.</summary>
public static class BackendNames
{
    /// <summary>All of them, for messages.</summary>
    public static string All => BackendList.Names;

    public static string Of(OverlayBackend backend) => BackendList.Of(backend).Name;

    public static bool TryParse([NotNullWhen(true)] string? name, out OverlayBackend backend)
    {
        var found = name is null ? null : BackendList.Find(name);
        backend = found?.Kind ?? default;
        return found is not null;
    }
}
