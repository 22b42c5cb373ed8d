using System.Runtime.InteropServices;

namespace Network.Netlink.Protocol;

/// <summary>An open nested attribute; dispose back-patches its length.</summary>
public readonly ref struct AttributeScope
{
    private readonly NetlinkBatch _batch;
    private readonly int _start;

    internal AttributeScope(NetlinkBatch batch, int start)
    {
        _batch = batch;
        _start = start;
    }

    public void Dispose()
    {
        var length = _batch.Length - _start;
        if (length > ushort.MaxValue)
            throw new InvalidOperationException($"nested netlink attribute of {length} bytes is longer than {ushort.MaxValue}");
        MemoryMarshal.Write(_batch.Written[_start..], (ushort)length);
    }
}
