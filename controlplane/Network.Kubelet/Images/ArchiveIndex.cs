using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Kubelet.Images;

/// <summary>Finds the images of an expanded archive: <c>manifest.json</c> of docker save, else <c>index.json</c> of an OCI layout.</summary>
internal static class ArchiveIndex
{
    internal static IReadOnlyList<ArchivedImage> Read(string directory)
    {
        try
        {
            if (File.Exists(Path.Combine(directory, "manifest.json")))
                return [.. Json(directory, "manifest.json").AsArray().Select(node => OfDocker(directory, node!.AsObject()))];
            if (File.Exists(Path.Combine(directory, "index.json")))
                return [.. OfIndex(directory, Json(directory, "index.json").AsObject(), [])];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or KeyNotFoundException)
        {
            throw new ImageException($"image archive: its index cannot be read: {e.Message}", e);
        }

        throw new ImageException("image archive: neither manifest.json (docker save) nor index.json (OCI layout) is in it");
    }

    /// <summary>The architecture as Go and therefore OCI name it.</summary>
    internal static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static ArchivedImage OfDocker(string directory, JsonObject manifest)
    {
        var config = Bytes(directory, (string)manifest["Config"]!);
        var layers = manifest["Layers"]!.AsArray().Select(node => FileOf(directory, (string)node!));
        var tags = manifest["RepoTags"] is JsonArray names ? names.Select(node => ImageReference.Parse((string)node!).Name) : [];
        return new ArchivedImage(Digest.Of(config), config, [.. layers], [.. tags]);
    }

    private static IEnumerable<ArchivedImage> OfIndex(string directory, JsonObject index, IReadOnlyList<string> names)
    {
        var manifests = index["manifests"]!.AsArray().Select(node => node!.AsObject()).ToList();
        foreach (var entry in manifests.Where(entry => IsOurs(entry, manifests.Count)))
        {
            var digest = Digest.Require((string)entry["digest"]!, "image archive: index");
            var content = Blob(directory, digest);
            var document = JsonNode.Parse(content)!.AsObject();
            IReadOnlyList<string> own = NameOf(entry) is { } name ? [name] : names;
            if (document["manifests"] is not null)
            {
                foreach (var nested in OfIndex(directory, document, own))
                    yield return nested;
                continue;
            }

            var config = Blob(directory, Digest.Require((string)document["config"]!["digest"]!, "image archive: manifest config"));
            var layers = document["layers"]!.AsArray()
                .Select(node => VerifiedFile(directory, Digest.Require((string)node!["digest"]!, "image archive: manifest layers")));
            yield return new ArchivedImage(Digest.Of(config), config, [.. layers], own);
        }
    }

    private static bool IsOurs(JsonObject entry, int count)
    {
        if (entry["platform"] is not JsonObject platform)
            return true;
        return (string?)platform["os"] == "linux" && (string?)platform["architecture"] == Architecture || count == 1;
    }

    private static string? NameOf(JsonObject entry)
    {
        var annotations = entry["annotations"] as JsonObject;
        var name = (string?)annotations?["io.containerd.image.name"] ?? (string?)annotations?["org.opencontainers.image.ref.name"];
        return name is not null && ImageReference.TryParse(name, out var reference) ? reference.Name : null;
    }

    private static byte[] Blob(string directory, string digest) => File.ReadAllBytes(VerifiedFile(directory, digest));

    private static string VerifiedFile(string directory, string digest)
    {
        var path = FileOf(directory, $"blobs/sha256/{Digest.Hex(digest)}");
        var actual = Digest.OfFile(path);
        return actual == digest ? path : throw new ImageException($"blob {digest}: content has digest {actual}; the archive is damaged");
    }

    private static JsonNode Json(string directory, string name) => JsonNode.Parse(Bytes(directory, name))!;

    private static byte[] Bytes(string directory, string name) => File.ReadAllBytes(FileOf(directory, name));

    private static string FileOf(string directory, string name)
    {
        var path = Path.GetFullPath(Path.Combine(directory, name));
        if (!path.StartsWith(directory + "/", StringComparison.Ordinal) || !File.Exists(path))
            throw new ImageException($"image archive: {name} is named but not in the archive");
        return path;
    }
}
