using System.Net;
using Network.Netlink.Netfilter;

namespace Network.Host.Dns.FallBack;

/// <summary>The rules in the kernel: written, read, removed.</summary>
internal sealed class FallBackTable(string? netNs = null) : IDisposable
{
    private readonly NftSocket _socket = NftSocket.Open(netNs);
    private readonly Lock _lock = new();

    /// <returns>What the rules that stood before had counted.</returns>
    /// <exception cref="Linux.LinuxException">The kernel lacks nf_tables or one of its expressions.</exception>
    internal (ulong Asked, ulong Answered) Apply(FallBackPlan plan)
    {
        var rules = new FallBackRules(plan);
        lock (_lock)
        {
            var standing = Find(rules.Table.Family);
            var counts = standing is null ? default : FallBackRules.Counts(_socket.Rules(rules.Table.Family, FallBackRules.TableName));
            _socket.Execute(rules.Batch(replace: standing is not null && !FallBackRules.IsOurs(standing)));
            return counts;
        }
    }

    /// <summary>Packets asked at other nodes and answered for them; zeros without a table.</summary>
    internal (ulong Asked, ulong Answered) Counts(IPAddress server)
    {
        lock (_lock)
            return Find(FallBackRules.FamilyOf(server)) is null ? default : FallBackRules.Counts(_socket.Rules(FallBackRules.FamilyOf(server), FallBackRules.TableName));
    }

    /// <summary>Takes the table away; without one does nothing.</summary>
    internal void Remove()
    {
        lock (_lock)
        {
            foreach (var family in (NftFamily[])[NftFamily.Ip, NftFamily.Ip6])
            {
                if (Find(family) is not null)
                    _socket.Execute(new NftBatch().TableDelete(family, FallBackRules.TableName));
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private NftTable? Find(NftFamily family) => _socket.Tables().FirstOrDefault(table => table.Family == family && table.Name == FallBackRules.TableName);
}
