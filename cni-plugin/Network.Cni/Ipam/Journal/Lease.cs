using System.Text;

namespace Network.Cni.Ipam.Journal;

/// <summary>An address and who has it.</summary>
/// <param name="Holder">Container id, space, interface: as in the journal, so that thousands are read without a string each.</param>
internal readonly record struct Lease(Ip Address, ReadOnlyMemory<byte> Holder)
{
    internal string ContainerId => Encoding.UTF8.GetString(Holder.Span[..Separator]);

    internal string IfName => Encoding.UTF8.GetString(Holder.Span[(Separator + 1)..]);

    private int Separator => Holder.Span.IndexOf((byte)' ');

    internal static byte[] HolderOf(string containerId, string ifName) => Encoding.UTF8.GetBytes($"{containerId} {ifName}");
}
