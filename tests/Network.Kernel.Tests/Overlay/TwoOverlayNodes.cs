using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Overlay;

/// <summary>Two nodes on one segment, whose bridge has an address of it too.</summary>
public abstract class TwoOverlayNodes(string purpose) : IAsyncLifetime
{
    private protected static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private protected readonly List<OverlayNode> _nodes = [];
    private protected ScratchNetNs _segment = null!;

    private protected OverlayNode One => _nodes[0];

    private protected OverlayNode Two => _nodes[1];

    public virtual ValueTask InitializeAsync()
    {
        Requires.Root();
        Requires.Tool("busybox");
        _segment = new ScratchNetNs(purpose);
        _segment.Exec("ip", "link", "add", "lan", "up", "type", "bridge");
        _segment.Exec("ip", "address", "add", "192.0.2.254/24", "dev", "lan");
        _nodes.AddRange([new OverlayNode(_segment, 1), new OverlayNode(_segment, 2)]);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        _segment?.Dispose();
        GC.SuppressFinalize(this);
    }
}
