namespace Network.ApiServer.Allocation;

/// <summary>What one write took; disposing gives it back because the write failed.</summary>
internal sealed class Claims(ServiceAllocator allocator, string owner) : IAsyncDisposable
{
    private readonly List<string> _addresses = [];
    private readonly List<long> _ports = [];

    public void Add(string address) => _addresses.Add(address);

    public void Add(long port) => _ports.Add(port);

    public async ValueTask DisposeAsync()
    {
        foreach (var address in _addresses)
            await allocator.ReleaseAddressAsync(address, owner);
        foreach (var port in _ports)
            await allocator.ReleasePortAsync(port, owner);
    }
}
