using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Network.Api.Pki;
using Network.Store;
using Network.Store.Etcd;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public sealed class EtcdConnectionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-etcd-tls-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_lost_etcd_refuses_writes_and_when_it_is_back_nothing_is_missed()
    {
        using var etcd = EtcdProcess.Start();
        await using var store = await OpenAsync(new EtcdSettings([etcd.Url]));
        var seen = new List<string>();
        using var stop = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var change in store.WatchAsync("/registry/a/", 0 + store.OldestRevision, stop.Token))
                seen.Add(change.Entry.Key);
        });
        await store.PutAsync("/registry/a/1", Encoding.UTF8.GetBytes("x"), 0);
        for (var turn = 0; turn < 2; turn++)
        {
            etcd.Kill();
            await Assert.ThrowsAsync<IOException>(async () => await store.PutAsync("/registry/b/1", Encoding.UTF8.GetBytes("x"), 0));
            await Assert.ThrowsAsync<IOException>(async () => await store.FreshAsync());
            Assert.NotNull(store.Get("/registry/a/1"));
            etcd.Restart();
            await Eventually.TrueAsync(async () => await TryPutAsync(store, $"/registry/a/{turn + 2}"), TimeSpan.FromSeconds(30));
        }

        await Eventually.TrueAsync(() => seen.Count == 3, TimeSpan.FromSeconds(20));
        Assert.Equal(["/registry/a/1", "/registry/a/2", "/registry/a/3"], seen);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
    }

    [Fact]
    public async Task An_etcd_with_certificates_is_reached_with_ours_and_not_without()
    {
        using var authority = CertificateAuthority.Create("etcd", TimeProvider.System);
        var ca = Save("ca", authority.Pem.Certificate);
        var server = Pair("server", authority.Issue(new CertificateRequestSpec("etcd-server") { Server = true, Client = true, AlternativeNames = ["127.0.0.1"] }));
        var client = Pair("client", authority.Issue(new CertificateRequestSpec("apiserver") { Client = true }));
        using var etcd = EtcdProcess.Start("https", "--cert-file", server.Certificate, "--key-file", server.Key, "--client-cert-auth", "--trusted-ca-file", ca);
        var settings = EtcdSettings.Parse([etcd.Url.OriginalString], ca, client.Certificate, client.Key);
        await using var store = await OpenAsync(settings);
        Assert.NotNull(await store.PutAsync("/registry/a/1", Encoding.UTF8.GetBytes("x"), 0));
        await Assert.ThrowsAsync<IOException>(() => EtcdStore.OpenAsync(settings with { CertificateFile = null }, new StoreSettings(), TimeProvider.System, NullLogger.Instance, default));
        await Assert.ThrowsAsync<IOException>(() => EtcdStore.OpenAsync(settings with { AuthorityFile = null }, new StoreSettings(), TimeProvider.System, NullLogger.Instance, default));
    }

    [Fact]
    public async Task The_next_member_is_asked_when_one_does_not_answer()
    {
        using var etcd = EtcdProcess.Start();
        await using var store = await OpenAsync(new EtcdSettings([new Uri("http://127.0.0.1:1"), etcd.Url]));
        await Eventually.TrueAsync(async () => await TryPutAsync(store, "/registry/a/1"), TimeSpan.FromSeconds(20));
    }

    [Theory]
    [InlineData("127.0.0.1:2379")]
    [InlineData("ftp://127.0.0.1:2379")]
    [InlineData("http://127.0.0.1:2379/v3")]
    public void A_wrong_address_is_refused_with_the_right_form(string text) =>
        Assert.Contains("http://host:port", Assert.Throws<ArgumentException>(() => EtcdSettings.Parse([text], null, null, null)).Message);

    private static async Task<bool> TryPutAsync(EtcdStore store, string key)
    {
        try
        {
            return store.Get(key) is not null || await store.PutAsync(key, Encoding.UTF8.GetBytes("x"), 0) is not null;
        }
        catch (IOException)
        {
            return false;
        }
    }

    // A fresh etcd needs a moment before it answers.
    private static async Task<EtcdStore> OpenAsync(EtcdSettings settings)
    {
        EtcdStore? store = null;
        var reason = "";
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                store = await EtcdStore.OpenAsync(settings, new StoreSettings(), TimeProvider.System, NullLogger.Instance, default);
                return true;
            }
            catch (IOException e)
            {
                reason = e.Message;
                return false;
            }
        }, TimeSpan.FromSeconds(30), () => reason);
        return store!;
    }

    private (string Certificate, string Key) Pair(string name, PemPair pair) => (Save(name + "-crt", pair.Certificate), Save(name + "-key", pair.Key));

    private string Save(string name, string pem)
    {
        var path = Path.Combine(_directory, name + ".pem");
        File.WriteAllText(path, pem);
        return path;
    }
}
