using Network.Store;

namespace Network.ControlPlane.Tests.Store;

public sealed class MemoryStoreTests : StoreContract
{
    protected override Task<IStore> OpenAsync(StoreSettings settings, TimeProvider time) => Task.FromResult<IStore>(new MemoryStore(settings, time));
}
