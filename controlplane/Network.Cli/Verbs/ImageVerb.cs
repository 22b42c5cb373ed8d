using System.CommandLine;

namespace Network.Cli.Verbs;

/// <summary><c>podnet image</c>: the local image store.</summary>
internal static class ImageVerb
{
    internal static Command Create() => new("image", "list, import and build container images");
}
