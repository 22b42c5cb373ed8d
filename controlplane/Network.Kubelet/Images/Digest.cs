using System.Security.Cryptography;

namespace Network.Kubelet.Images;

/// <summary>Content addresses of the form <c>sha256:&lt;64 hex&gt;</c>.</summary>
internal static class Digest
{
    internal const string Prefix = "sha256:";

    internal static string Of(ReadOnlySpan<byte> content) => Prefix + Convert.ToHexStringLower(SHA256.HashData(content));

    internal static string OfFile(string path)
    {
        using var stream = File.OpenRead(path);
        return Prefix + Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    internal static bool IsValid(string text) => text.Length == Prefix.Length + 64
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text.AsSpan(Prefix.Length).IndexOfAnyExcept("0123456789abcdef") < 0;

    internal static string Require(string text, string where) =>
        IsValid(text) ? text : throw new ImageException($"{where}: \"{text}\" is not a sha256 digest");

    internal static string Hex(string digest) => digest[Prefix.Length..];
}
