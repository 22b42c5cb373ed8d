using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Network.Kubelet.Images;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Kubelet;

public sealed class ImageStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-images-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox:latest")]
    [InlineData("team/app:1.2", "docker.io/team/app:1.2")]
    [InlineData("localhost:5000/app", "localhost:5000/app:latest")]
    [InlineData("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9")]
    public void Name_is_completed_as_docker_does(string text, string complete) => Assert.Equal(complete, ImageReference.Parse(text).Name);

    [Theory]
    [InlineData("")]
    [InlineData("Upper/Case")]
    [InlineData("a b")]
    [InlineData("app:")]
    [InlineData("app@sha256:12")]
    public void Name_that_docker_refuses_is_refused(string text) => Assert.False(ImageReference.TryParse(text, out _));

    [Fact]
    public void Built_image_is_found_with_its_configuration_and_the_same_files_give_the_same_id()
    {
        var store = new ImageStore(_directory);
        Builder("app").BuildInto(store);
        Builder("other").BuildInto(store);
        var image = store.Find("app")!;
        Assert.Equal(["/bin/run"], image.Entrypoint);
        Assert.Equal(["A=b"], image.Environment);
        Assert.Equal(image.Id, store.Find("docker.io/library/other:latest")!.Id);
        Assert.Equal("hello", File.ReadAllText(Path.Combine(Assert.Single(store.LayersOf(image)), "etc/motd")));
        Assert.True(store.Remove("app"));
        Assert.Null(store.Find("app"));
        Assert.NotNull(store.Find("other"));
        Assert.True(store.Remove("other"));
        Assert.Empty(Directory.GetDirectories(Path.Combine(_directory, "layers")));
    }

    [Fact]
    public void Archive_of_two_layers_keeps_deletions_of_the_upper_one_as_whiteouts()
    {
        Requires.Root();
        var lower = Tar(("a/keep", "1"), ("a/gone", "2"), ("b/x", "3"));
        var upper = Tar(("a/.wh.gone", ""), ("b/.wh..wh..opq", ""), ("b/y", "4"));
        var store = new ImageStore(_directory);
        Assert.Equal(["docker.io/library/two:latest"], store.Import(DockerSave("two", lower, Gzip(upper))));
        var layers = store.LayersOf(store.Find("two")!);
        Assert.Equal("character special file", Shell.Run("stat", "-c", "%F", Path.Combine(layers[0], "a/gone")).Trim());
        Assert.Equal("0 0", Shell.Run("stat", "-c", "%t %T", Path.Combine(layers[0], "a/gone")).Trim());
        Assert.True(File.Exists(Path.Combine(layers[1], "a/gone")));
        Assert.True(File.Exists(Path.Combine(layers[0], "b/y")));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    public void Layer_that_climbs_out_of_its_root_is_refused(string name)
    {
        var store = new ImageStore(Path.Combine(_directory, "store"));
        Assert.Throws<ImageException>(() => store.Import(DockerSave("bad", Tar((name, "x")))));
        Assert.Null(store.Find("bad"));
        Assert.False(File.Exists(Path.Combine(_directory, "evil")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_directory, "store", "tmp")));
    }

    [Fact]
    public void Layer_that_writes_through_a_link_stays_inside_its_root()
    {
        Requires.Root();
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "out") { LinkName = _directory });
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "out/evil") { DataStream = new MemoryStream("x"u8.ToArray()) });
        }

        var store = new ImageStore(Path.Combine(_directory, "store"));
        store.Import(DockerSave("links", tar.ToArray()));
        Assert.False(File.Exists(Path.Combine(_directory, "evil")));
    }

    [Fact]
    public void Oci_layout_is_imported_and_a_changed_blob_is_refused()
    {
        Requires.Root();
        var layer = Tar(("f", "1"));
        Assert.Equal(["docker.io/library/oci:1"], new ImageStore(_directory).Import(OciLayout("oci:1", layer, damage: false)));
        Assert.Contains("damaged", Assert.Throws<ImageException>(() => new ImageStore(_directory).Import(OciLayout("oci:2", layer, damage: true))).Message);
    }

    [Fact]
    public void Archive_cut_anywhere_is_refused_and_leaves_no_image()
    {
        Requires.Root();
        var whole = ((MemoryStream)DockerSave("cut", Tar(("f", "1")))).ToArray();
        var store = new ImageStore(_directory);
        for (var length = 0; length < whole.Length - 1024; length += 256)
        {
            Assert.ThrowsAny<ImageException>(() => store.Import(new MemoryStream(whole, 0, length)));
            Assert.Null(store.Find("cut"));
        }
    }

    private static ImageBuilder Builder(string name) => new ImageBuilder(name) { Entrypoint = ["/bin/run"], Environment = ["A=b"] }
        .AddText("/etc/motd", "hello").AddLink("/bin/run", "/etc/motd");

    private static byte[] Tar(params (string Name, string Content)[] files)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
        {
            foreach (var (name, content) in files)
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
        }

        return tar.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        using var result = new MemoryStream();
        using (var gzip = new GZipStream(result, CompressionLevel.Fastest))
            gzip.Write(content);
        return result.ToArray();
    }

    private static string Sha(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static byte[] Plain(byte[] layer)
    {
        if (layer[0] != 0x1f)
            return layer;
        using var result = new MemoryStream();
        new GZipStream(new MemoryStream(layer), CompressionMode.Decompress).CopyTo(result);
        return result.ToArray();
    }

    private static byte[] Config(byte[][] layers) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["config"] = new JsonObject(),
        ["rootfs"] = new JsonObject { ["diff_ids"] = new JsonArray([.. layers.Select(layer => (JsonNode)$"sha256:{Sha(Plain(layer))}")]) },
    }.ToJsonString());

    private static Stream DockerSave(string name, params byte[][] layers)
    {
        var config = Config(layers);
        var manifest = new JsonArray(new JsonObject
        {
            ["Config"] = "config.json",
            ["RepoTags"] = new JsonArray($"{name}:latest"),
            ["Layers"] = new JsonArray([.. layers.Select((_, index) => (JsonNode)$"l{index}.tar")]),
        });
        return Archive([("config.json", config), .. layers.Select((layer, index) => ($"l{index}.tar", layer)), ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))]);
    }

    private static Stream OciLayout(string name, byte[] layer, bool damage)
    {
        var config = Config([layer]);
        var manifest = Encoding.UTF8.GetBytes($$"""{"config":{"digest":"sha256:{{Sha(config)}}"},"layers":[{"digest":"sha256:{{Sha(layer)}}"}]}""");
        var index = Encoding.UTF8.GetBytes($$"""{"manifests":[{"digest":"sha256:{{Sha(manifest)}}","annotations":{"org.opencontainers.image.ref.name":"{{name}}"} }]}""");
        var stored = layer.ToArray();
        if (damage)
            stored[600] ^= 1;
        return Archive([($"blobs/sha256/{Sha(config)}", config), ($"blobs/sha256/{Sha(layer)}", stored), ($"blobs/sha256/{Sha(manifest)}", manifest), ("index.json", index)]);
    }

    private static MemoryStream Archive(IEnumerable<(string Name, byte[] Content)> files)
    {
        var archive = new MemoryStream();
        using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            foreach (var (file, content) in files)
                writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, file) { DataStream = new MemoryStream(content) });
        }

        archive.Position = 0;
        return archive;
    }
}
