using System.Text.RegularExpressions;
using Xunit;

namespace Network.Architecture.Tests;

public sealed partial class TypeTests
{
    /// <summary>Longest declaration that may stand beside the type a file is about.</summary>
    private const int MostCompanionLines = 30;

    private static readonly AllowList s_crowded = new(
        ("controlplane/Network.Host/Parts/IPart.cs:Part", "the interface's only body: eight lines that mean nothing apart from it"));

    private static readonly AllowList s_unsealed = new(
        ("overlay/Network.Netlink/Protocol/NetlinkBatch.cs:NetlinkBatch", "a family of requests (RouteBatch) adds its verbs to the common buffer"));

    private static readonly AllowList s_misnamed = new(
        ("controlplane/Network.Kubelet/Streaming/RemoteStreams.cs", "the vocabulary of one seam, read together"),
        ("controlplane/Network.Kubelet/Streaming/Spdy/SpdyHeaders.cs", "reader and writer of one wire form, which change together"),
        ("dns/Network.Dns/Plugins/Cluster/ClusterRecords.cs", "the vocabulary of one plugin, read together"),
        ("dns/Network.Dns/Wire/DnsTypes.cs", "two tables of numbers from one registry"),
        ("labs/Network.Labs/Topology/Topology.cs", "the vocabulary of one file format, read together"));

    // Companions are the small words a type speaks in: enums, delegates, records, interfaces and exceptions. A second
    // class, or a long record, is a file of its own.
    [Fact]
    public void File_holds_one_public_type_beside_small_companions() => s_crowded.Check(
        "give every public type its own file",
        Repository.Product.Where(file => !file.Path.Contains("/Interop/")).SelectMany(file => file.Types
            .Where(IsPublic)
            .OrderByDescending(type => file.Name.StartsWith(NameOf(type), StringComparison.Ordinal))
            .Skip(1)
            .Where(type => type.Length > MostCompanionLines || !Companion().IsMatch(type.Header))
            .Select(type => ($"{file.Path}:{NameOf(type)}", $"second public type, {type.Length} lines"))));

    [Fact]
    public void File_is_named_after_a_type_in_it() => s_misnamed.Check(
        "name a file after the type it holds",
        Repository.Product.Where(file => file.Types.Count > 0 && !file.Path.Contains("/Interop/")
                && file.Types.All(type => NameOf(type) != file.Name.Split('.')[0]))
            .Select(file => (file.Path, $"holds {string.Join(", ", file.Types.Select(NameOf))}")));

    [Fact]
    public void Classes_are_sealed_static_or_abstract() => s_unsealed.Check(
        "seal classes and records (open ones say so by being abstract)",
        Repository.Product.SelectMany(file => file.Types.Concat(file.Members().Where(member => member.Kind == MemberKind.Type))
            .Where(type => OpenClass().IsMatch(type.Header))
            .Select(type => ($"{file.Path}:{NameOf(type)}", type.Header))));

    [Fact]
    public void Names_say_what_a_type_is_and_not_that_it_helps() => new AllowList().Check(
        "no Manager, Helper or Util: name the thing it stands for",
        Repository.Product.Concat(Repository.Tests).SelectMany(file => file.Types.Concat(file.Members().Where(member => member.Kind == MemberKind.Type))
            .Where(type => EmptyName().IsMatch(NameOf(type)))
            .Select(type => (file.Path, NameOf(type)))));

    private static bool IsPublic(Member type) => type.Header.StartsWith("public ", StringComparison.Ordinal);

    private static string NameOf(Member type) => TypeName().Match(type.Header).Groups["name"].Value;

    [GeneratedRegex(@"\b(record struct|record class|class|record|struct|interface|enum) (?<name>\w+)|delegate .*?(?<name>\w+)(<[^(]*>)?\(")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\b(enum|delegate|record|interface)\b|: Exception\b|\w+Exception\b")]
    private static partial Regex Companion();

    [GeneratedRegex(@"^(public |internal |private |protected |unsafe |partial )*(class|record) (?!struct)")]
    private static partial Regex OpenClass();

    [GeneratedRegex("(Manager|Helpers?|Utils?|Utility|Utilities)$")]
    private static partial Regex EmptyName();
}
