using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;

namespace Network.Kubelet.Images;

/// <summary>Packs files into a one-layer image. The same files always give the same image id.</summary>
public sealed class ImageBuilder(string name)
{
    private const UnixFileMode Executable = (UnixFileMode)0x1ED, Plain = (UnixFileMode)0x1A4;
    private readonly SortedDictionary<string, Action<TarWriter>> _entries = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Environment { get; init; } = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
    public IReadOnlyList<string> Entrypoint { get; init; } = [];
    public IReadOnlyList<string> Command { get; init; } = [];
    public string WorkingDirectory { get; init; } = "/";
    public string User { get; init; } = "";
    public string StopSignal { get; init; } = "";

    public ImageBuilder AddDirectory(string path, UnixFileMode mode = Executable)
    {
        if (path is "" or "/" or "." || !_entries.TryAdd(Relative(path) + "/", writer => writer.WriteEntry(Entry(TarEntryType.Directory, Relative(path) + "/", mode))))
            return this;
        return AddParents(path);
    }

    /// <summary>Adds a file of this machine, links followed, with its permission bits.</summary>
    public ImageBuilder AddFile(string source, string path)
    {
        var real = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source;
        _entries[Relative(path)] = writer =>
        {
            using var data = File.OpenRead(real);
            var entry = Entry(TarEntryType.RegularFile, Relative(path), File.GetUnixFileMode(real));
            entry.DataStream = data;
            writer.WriteEntry(entry);
        };
        return AddParents(path);
    }

    public ImageBuilder AddText(string path, string content, UnixFileMode mode = Plain)
    {
        _entries[Relative(path)] = writer =>
        {
            var entry = Entry(TarEntryType.RegularFile, Relative(path), mode);
            entry.DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content));
            writer.WriteEntry(entry);
        };
        return AddParents(path);
    }

    public ImageBuilder AddLink(string path, string target)
    {
        _entries[Relative(path)] = writer =>
        {
            var entry = Entry(TarEntryType.SymbolicLink, Relative(path), Executable);
            entry.LinkName = target;
            writer.WriteEntry(entry);
        };
        return AddParents(path);
    }

    /// <summary>Adds everything below a directory of this machine; links stay links.</summary>
    public ImageBuilder AddTree(string source, string path)
    {
        foreach (var info in new DirectoryInfo(source).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            var target = Path.Combine(path, Path.GetRelativePath(source, info.FullName));
            if (info.LinkTarget is { } link)
                AddLink(target, link);
            else if (info is DirectoryInfo)
                AddDirectory(target, info.UnixFileMode);
            else
                AddFile(info.FullName, target);
        }

        return AddDirectory(path);
    }

    /// <summary>Adds a program of this machine together with the shared libraries and the loader it needs.</summary>
    public async Task<ImageBuilder> AddProgramAsync(string source, string path, CancellationToken cancel)
    {
        AddFile(source, path);
        foreach (var library in await SharedLibraries.OfAsync(source, cancel).ConfigureAwait(false))
            AddFile(library, library);
        return this;
    }

    /// <summary>Writes a <c>docker save</c> archive.</summary>
    public void WriteTo(Stream archive)
    {
        var layer = Pack();
        var config = Encoding.UTF8.GetBytes(Config(Digest.Of(layer)).ToJsonString());
        var configName = Digest.Hex(Digest.Of(config)) + ".json";
        var layerName = Digest.Hex(Digest.Of(layer)) + "/layer.tar";
        var manifest = new JsonArray(new JsonObject
        {
            ["Config"] = configName,
            ["RepoTags"] = new JsonArray(ImageReference.Parse(name).Name),
            ["Layers"] = new JsonArray(layerName),
        });
        using var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var (file, bytes) in ((string, byte[])[])[(configName, config), (layerName, layer), ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))])
        {
            var entry = Entry(TarEntryType.RegularFile, file, Plain);
            entry.DataStream = new MemoryStream(bytes);
            writer.WriteEntry(entry);
        }
    }

    /// <summary>Builds straight into a store.</summary>
    public void BuildInto(ImageStore store)
    {
        using var archive = new MemoryStream();
        WriteTo(archive);
        archive.Position = 0;
        store.Import(archive);
    }

    private byte[] Pack()
    {
        using var content = new MemoryStream();
        using (var writer = new TarWriter(content, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var write in _entries.Values)
                write(writer);
        }

        return content.ToArray();
    }

    private JsonObject Config(string diffId) => new()
    {
        ["architecture"] = ArchiveIndex.Architecture,
        ["os"] = "linux",
        ["config"] = new JsonObject
        {
            ["Env"] = Strings(Environment),
            ["Entrypoint"] = Strings(Entrypoint),
            ["Cmd"] = Strings(Command),
            ["WorkingDir"] = WorkingDirectory,
            ["User"] = User,
            ["StopSignal"] = StopSignal,
        },
        ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(diffId) },
    };

    private ImageBuilder AddParents(string path)
    {
        var parent = Path.GetDirectoryName("/" + Relative(path));
        return parent is null or "/" ? this : AddDirectory(parent);
    }

    private static string Relative(string path) => path.Trim('/');

    private static JsonArray Strings(IReadOnlyList<string> values) => new([.. values.Select(value => (JsonNode)value)]);

    // Fixed time and owner: the image id depends on content alone.
    private static PaxTarEntry Entry(TarEntryType type, string path, UnixFileMode mode) =>
        new(type, path) { Mode = mode, ModificationTime = DateTimeOffset.UnixEpoch, Uid = 0, Gid = 0 };
}
