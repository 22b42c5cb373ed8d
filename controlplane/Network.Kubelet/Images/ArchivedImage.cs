namespace Network.Kubelet.Images;

/// <summary>One image of an expanded archive: its id (digest of the config), config bytes, layer files bottom first, and names.</summary>
internal sealed record ArchivedImage(string Id, byte[] Config, IReadOnlyList<string> LayerFiles, IReadOnlyList<string> Names);
