using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Network.Linux;

namespace Network.Iptables;

/// <summary>
/// Notices changes of iptables-legacy's tables. The kernel announces none, but tells the number of rules and their size
/// (IPT_SO_GET_INFO) for the price of one system call, without copying them. A rule replaced by another of the same size
/// goes unnoticed. Only tables that are there are asked about, because asking would load the others.
/// </summary>
public sealed class LegacyTables : IDisposable
{
    // linux/netfilter_ipv4/ip_tables.h: IPT_SO_GET_INFO is IPT_BASE_CTL, and so is IPv6's; SOL_IP, SOL_IPV6.
    private const int GetInfo = 64, SolIp = 0, SolIpv6 = 41;

    // struct ipt_getinfo: name (32), valid_hooks (4), hook_entry (20), underflow (20), num_entries (4), size (4).
    private const int InfoSize = 84, NameSize = 32, EntriesAt = 76;
    private readonly Socket _socket;
    private readonly int _level;
    private readonly IReadOnlyList<string> _tables;
    private readonly ulong[] _known;

    private LegacyTables(Socket socket, int level, IReadOnlyList<string> tables)
    {
        (_socket, _level, _tables) = (socket, level, tables);
        _known = [.. tables.Select(Read)];
    }

    /// <summary>Null when iptables-legacy has none of the tables in this namespace.</summary>
    public static LegacyTables? Open(IptablesFamily family, IReadOnlyCollection<string> tables, string? netNs = null)
    {
        return netNs is null ? Here() : NetNs.Run(netNs, Here);

        LegacyTables? Here()
        {
            var names = family == IptablesFamily.V4 ? "/proc/thread-self/net/ip_tables_names" : "/proc/thread-self/net/ip6_tables_names";
            var present = File.Exists(names) ? File.ReadAllLines(names).Where(tables.Contains).ToList() : [];
            if (present.Count == 0)
                return null;
            return family == IptablesFamily.V4
                ? new LegacyTables(new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw), SolIp, present)
                : new LegacyTables(new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.Raw), SolIpv6, present);
        }
    }

    /// <summary>A table has another number of rules or another size than at the last look.</summary>
    public bool HasChanged()
    {
        var changed = false;
        for (var i = 0; i < _known.Length; i++)
        {
            var now = Read(_tables[i]);
            changed |= now != _known[i];
            _known[i] = now;
        }

        return changed;
    }

    public void Dispose() => _socket.Dispose();

    // Entries and size as one number; 0 for a table that is gone.
    private ulong Read(string table)
    {
        Span<byte> info = stackalloc byte[InfoSize];
        info.Clear();
        Encoding.ASCII.GetBytes(table, info[..NameSize]);
        try
        {
            _socket.GetRawSocketOption(_level, GetInfo, info);
        }
        catch (SocketException)
        {
            return 0;
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(info[EntriesAt..]);
    }
}
