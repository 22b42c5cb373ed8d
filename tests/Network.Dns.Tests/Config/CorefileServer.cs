using Network.Dns.Tests.Cluster;

namespace Network.Dns.Tests.Config;

/// <summary>A server with a Corefile and files beside it, in a folder of its own; SELF in the text is its address, DIR the folder.</summary>
public sealed class CorefileServer : IAsyncDisposable
{
    private DnsServerFixture? _dns;

    public string Folder { get; } = Directory.CreateTempSubdirectory("podnet-dns-").FullName;

    public DnsServerFixture Dns => _dns!;

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>Replaces a file as editors and volumes do it.</summary>
    public string Write(string file, string text)
    {
        File.WriteAllText(PathOf(file) + "~", text);
        File.Move(PathOf(file) + "~", PathOf(file), overwrite: true);
        return PathOf(file);
    }

    public DnsServerFixture Start(string corefile, Func<DnsSettings, DnsSettings>? settings = null, TimeProvider? time = null) => _dns = new DnsServerFixture(new DnsServerOptions
    {
        Time = time ?? TimeProvider.System,
        Settings = plain =>
        {
            var path = Write("Corefile", corefile.Replace("SELF", $"{plain.Listen[0]}").Replace("DIR", Folder));
            return (settings?.Invoke(plain) ?? plain) with { Corefile = path, StateDirectory = PathOf("state") };
        },
    });

    /// <summary>Ends the server and starts another one over the same files.</summary>
    public async Task<DnsServerFixture> RestartAsync(string corefile)
    {
        await _dns!.DisposeAsync();
        return Start(corefile);
    }

    public async ValueTask DisposeAsync()
    {
        if (_dns is not null)
            await _dns.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
