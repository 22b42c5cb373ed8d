using Network.Linux;

namespace Network.Kubelet.Images;

/// <summary>
/// Images unpacked below one directory, shared by every kubelet of a machine: <c>layers/</c> by diff id, <c>configs/</c> by image id,
/// <c>names/</c> one small file a name. Writers take a file lock; a reader sees an image completely or not at all, because the name is written last.
/// </summary>
public sealed class ImageStore
{
    private readonly string _root;

    public ImageStore(string directory)
    {
        _root = directory;
        foreach (var name in (string[])["layers", "configs", "names", "tmp"])
            Directory.CreateDirectory(Path.Combine(directory, name));
    }

    /// <summary>The image of a name (completed as Docker does) or id, or null.</summary>
    public Image? Find(string nameOrId)
    {
        var id = nameOrId;
        if (!Digest.IsValid(nameOrId))
        {
            var file = NameFile(ImageReference.Parse(nameOrId).Name);
            if (!File.Exists(file))
                return null;
            id = File.ReadAllText(file).Trim();
        }

        var config = ConfigFile(id);
        return File.Exists(config) ? Image.Parse(id, File.ReadAllBytes(config)) : null;
    }

    /// <summary>Every name with its image id.</summary>
    public IReadOnlyDictionary<string, string> List() => new DirectoryInfo(Path.Combine(_root, "names")).EnumerateFiles()
        .ToDictionary(file => Uri.UnescapeDataString(file.Name), file => File.ReadAllText(file.FullName).Trim(), StringComparer.Ordinal);

    /// <summary>Imports a <c>docker save</c> or OCI layout archive, plain or gzip.</summary>
    /// <returns>The imported names; an archive without names gives the image ids.</returns>
    /// <exception cref="ImageException">The archive is damaged, incomplete or tries to leave its directory.</exception>
    public IReadOnlyList<string> Import(Stream archive)
    {
        using var work = new WorkDirectory(Path.Combine(_root, "tmp"));
        ArchiveFile.Expand(archive, work.Path);
        var found = ArchiveIndex.Read(work.Path);
        var names = new List<string>();
        foreach (var image in found)
        {
            Install(image);
            foreach (var name in image.Names)
                Tag(image.Id, name);
            names.AddRange(image.Names.Count > 0 ? image.Names : [image.Id]);
        }

        return names;
    }

    public void Tag(string id, string name)
    {
        using var held = Lock();
        WriteAtomically(NameFile(ImageReference.Parse(name).Name), System.Text.Encoding.UTF8.GetBytes(id + "\n"));
    }

    /// <summary>Forgets a name and everything no other name needs.</summary>
    /// <returns>False when there is no such name.</returns>
    public bool Remove(string name)
    {
        using var held = Lock();
        var file = NameFile(ImageReference.Parse(name).Name);
        if (!File.Exists(file))
            return false;
        File.Delete(file);
        var kept = List().Values.ToHashSet();
        var keptLayers = new HashSet<string>();
        foreach (var config in Directory.EnumerateFiles(Path.Combine(_root, "configs")))
        {
            var id = Digest.Prefix + Path.GetFileName(config);
            if (kept.Contains(id))
                keptLayers.UnionWith(Image.Parse(id, File.ReadAllBytes(config)).DiffIds.Select(LayerDirectory));
            else
                File.Delete(config);
        }

        foreach (var layer in Directory.EnumerateDirectories(Path.Combine(_root, "layers")).Where(layer => !keptLayers.Contains(layer)))
            Directory.Delete(layer, recursive: true);
        return true;
    }

    /// <summary>Bytes of the image's unpacked files.</summary>
    public long SizeOf(Image image) => image.DiffIds.Sum(id => new DirectoryInfo(LayerDirectory(id))
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device })
        .Sum(file => file.Length));

    /// <summary>Unpacked layers, top-most first, as overlayfs wants them.</summary>
    internal IReadOnlyList<string> LayersOf(Image image) => [.. image.DiffIds.Reverse().Select(LayerDirectory)];

    internal void Install(ArchivedImage archived)
    {
        var image = Image.Parse(archived.Id, archived.Config);
        if (image.DiffIds.Count != archived.LayerFiles.Count)
            throw new ImageException($"image {archived.Id}: config names {image.DiffIds.Count} layers, the archive holds {archived.LayerFiles.Count}");
        using var held = Lock();
        for (var i = 0; i < image.DiffIds.Count; i++)
            InstallLayer(image.DiffIds[i], archived.LayerFiles[i]);
        WriteAtomically(ConfigFile(archived.Id), archived.Config);
    }

    internal bool HasLayer(string diffId) => Directory.Exists(LayerDirectory(diffId));

    internal WorkDirectory NewWorkDirectory() => new(Path.Combine(_root, "tmp"));

    private void InstallLayer(string diffId, string file)
    {
        var target = LayerDirectory(diffId);
        if (Directory.Exists(target))
            return;
        using var work = new WorkDirectory(Path.Combine(_root, "tmp"));
        var actual = Layer.Unpack(file, work.Path);
        if (actual != diffId)
            throw new ImageException($"layer {diffId}: content has digest {actual}; the archive is damaged");
        Directory.Move(work.Path, target);
    }

    // The path is short on purpose: all lower directories of an overlay mount must fit one page of options.
    private string LayerDirectory(string diffId) => Path.Combine(_root, "layers", Digest.Hex(diffId)[..32]);

    private string ConfigFile(string id) => Path.Combine(_root, "configs", Digest.Hex(id));

    private string NameFile(string name) => Path.Combine(_root, "names", Uri.EscapeDataString(name));

    private Microsoft.Win32.SafeHandles.SafeFileHandle Lock()
    {
        var file = FileDescriptor.Open(Path.Combine(_root, "lock"), write: true, create: true);
        FileDescriptor.TryLock(file, wait: true);
        return file;
    }

    private void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        var temporary = Path.Combine(_root, "tmp", Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
