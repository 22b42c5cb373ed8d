using System.Text.RegularExpressions;

namespace Network.Kubelet.Images;

/// <summary>An image name as people write it, made complete: <c>busybox</c> is <c>docker.io/library/busybox:latest</c>.</summary>
public sealed partial record ImageReference(string Registry, string Repository, string Tag, string? Digest)
{
    /// <summary>The complete name, the key of the store.</summary>
    public string Name => Digest is null ? $"{Registry}/{Repository}:{Tag}" : $"{Registry}/{Repository}@{Digest}";

    /// <summary>Parses a name; the rules are those of distribution/reference (host has a dot, a colon, or is localhost).</summary>
    public static bool TryParse(string text, out ImageReference reference)
    {
        reference = null!;
        var match = Grammar().Match(text);
        if (!match.Success)
            return false;
        var path = match.Groups["path"].Value;
        var slash = path.IndexOf('/');
        var first = slash < 0 ? "" : path[..slash];
        var hasHost = slash > 0 && (first.Contains('.') || first.Contains(':') || first == "localhost");
        var registry = hasHost ? first : "docker.io";
        var repository = hasHost ? path[(slash + 1)..] : path;
        if (registry is "docker.io" or "index.docker.io")
        {
            registry = "docker.io";
            if (!repository.Contains('/'))
                repository = "library/" + repository;
        }

        if (!Repositories().IsMatch(repository))
            return false;
        var digest = match.Groups["digest"];
        var tag = match.Groups["tag"];
        reference = new ImageReference(registry, repository, tag.Success ? tag.Value : "latest", digest.Success ? digest.Value : null);
        return true;
    }

    /// <exception cref="ImageException">The text is no image name.</exception>
    public static ImageReference Parse(string text) => TryParse(text, out var reference)
        ? reference
        : throw new ImageException($"image name \"{text}\": want [host/]path[:tag][@sha256:digest] in lower case");

    [GeneratedRegex(@"^(?<path>[A-Za-z0-9][A-Za-z0-9._:/-]*?)(:(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?<digest>sha256:[0-9a-f]{64}))?$")]
    private static partial Regex Grammar();

    [GeneratedRegex("^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$")]
    private static partial Regex Repositories();
}
