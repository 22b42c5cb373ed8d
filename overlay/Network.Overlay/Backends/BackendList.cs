namespace Network.Overlay;

/// <summary>Every backend there is, in one place.</summary>
internal static class BackendList
{
    private static readonly IReadOnlyList<IBackend> s_all = [new VxlanBackend(), new HostGatewayBackend(), new WireGuardBackend()];

    internal static IBackend Of(OverlayBackend kind) => s_all.First(backend => backend.Kind == kind);

    /// <summary>By the name operators and annotations use; null for one we do not have.</summary>
    internal static IBackend? Find(string name) => s_all.FirstOrDefault(backend => backend.Name == name);

    internal static string Names => string.Join(", ", s_all.Select(backend => backend.Name));
}
