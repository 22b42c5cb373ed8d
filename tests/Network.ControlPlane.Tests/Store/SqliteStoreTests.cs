using Network.Store;
using Xunit;

namespace Network.ControlPlane.Tests.Store;

public sealed class SqliteStoreTests : DurableStoreContract
{
    private readonly string _directory = Directory.CreateTempSubdirectory("podnet-store-").FullName;

    private string File => Path.Combine(_directory, "store.db");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_second_server_on_the_same_file_is_refused()
    {
        var refused = Assert.Throws<InvalidDataException>(() => new SqliteStore(File, new StoreSettings(), TimeProvider.System));
        Assert.Contains("in use by another server", refused.Message);
    }

    protected override Task<IStore> OpenAsync(StoreSettings settings, TimeProvider time) => Task.FromResult<IStore>(new SqliteStore(File, settings, time));
}
