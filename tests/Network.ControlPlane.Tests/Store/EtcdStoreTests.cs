using Microsoft.Extensions.Logging.Abstractions;
using Network.Store;
using Network.Store.Etcd;
using Network.TestKit;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

/// <summary>Against Debian's etcd.</summary>
public sealed class EtcdStoreTests(EtcdStoreTests.Fixture fixture) : DurableStoreContract, IClassFixture<EtcdStoreTests.Fixture>
{
    private readonly string _root = $"/registry-{Guid.NewGuid():N}/";

    protected override string Root => _root;

    [Fact]
    public async Task Values_are_readable_with_etcdctl_and_its_writes_are_seen()
    {
        await PutAsync("configmaps/default/one", "{\"kind\":\"ConfigMap\"}");
        Assert.Equal($"{Key("configmaps/default/one")}\n{{\"kind\":\"ConfigMap\"}}\n", fixture.Etcd.Ctl("get", "--prefix", Root));
        fixture.Etcd.Ctl("put", Key("configmaps/default/two"), "{}");
        await Store.FreshAsync(Cancel);
        Assert.Equal("{}", Text(Store.Get(Key("configmaps/default/two"))));
        fixture.Etcd.Ctl("del", Key("configmaps/default/one"));
        await Store.FreshAsync(Cancel);
        Assert.Null(Store.Get(Key("configmaps/default/one")));
    }

    [Fact]
    public async Task Keys_that_expire_together_share_a_lease()
    {
        for (var i = 0; i < 20; i++)
            await Store.PutAsync(Key($"events/{i}"), Bytes("x"), 0, TimeSpan.FromHours(1));
        var ids = fixture.Etcd.Ctl("get", "--prefix", Root, "-w", "json").Split("\"lease\":").Skip(1).Select(part => part[..part.IndexOfAny(['}', ','])]).ToList();
        Assert.Equal(20, ids.Count);
        Assert.Single(ids.Distinct());
    }

    protected override async Task<IStore> OpenAsync(StoreSettings settings, TimeProvider time) => await EtcdStore.OpenAsync(
        new EtcdSettings([fixture.Etcd.Url]) { Prefix = Root }, settings, time, NullLogger.Instance, Cancel);

    private protected override Task<IStore> AnotherServerAsync() => OpenAsync(new StoreSettings(), TimeProvider.System);

    public sealed class Fixture : IDisposable
    {
        public EtcdProcess Etcd { get; } = EtcdProcess.Start();

        public void Dispose() => Etcd.Dispose();
    }
}
