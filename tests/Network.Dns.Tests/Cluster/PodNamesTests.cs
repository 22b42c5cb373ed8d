using System.Net;
using Network.Dns.Client;
using Network.Dns.Tests.Config;
using Network.Dns.Wire;
using Xunit;

namespace Network.Dns.Tests.Cluster;

/// <summary>Names of pods with <c>pods verified</c>. Dig's questions take the hot path; those that ask for the answer's source the chain.</summary>
public sealed class PodNamesTests : IAsyncDisposable
{
    private readonly CorefileServer _corefile = new();
    private readonly DnsServerFixture _dns;

    public PodNamesTests()
    {
        _dns = _corefile.Start(Corefile("verified"));
        foreach (var ns in (string[])["default", "other", "kube-system"])
            _dns.Index.PutNamespace(ns);
        _dns.Index.Pods.Put("default", "web", [IPAddress.Parse("10.244.1.9"), IPAddress.Parse("fd00::9")]);
        _dns.Index.Pods.Put("kube-system", "proxy-1", [IPAddress.Parse("192.0.2.1")]);
        _dns.Index.Pods.Put("kube-system", "proxy-2", [IPAddress.Parse("192.0.2.1")]);
        _dns.Index.Pods.Put("other", "host", [IPAddress.Parse("192.0.2.1")]);
        _dns.Index.Pods.Complete = true;
    }

    public ValueTask DisposeAsync() => _corefile.DisposeAsync();

    [Theory]
    [InlineData("10-244-1-9.default.pod.cluster.local", RecordType.A, ResponseCode.NoError, "10.244.1.9")]
    [InlineData("10-244-1-9.DEFAULT.pod.cluster.local", RecordType.A, ResponseCode.NoError, "10.244.1.9")]
    [InlineData("10-244-1-9.default.pod.cluster.local", RecordType.AAAA, ResponseCode.NoError, "")]
    [InlineData("fd00--9.default.pod.cluster.local", RecordType.AAAA, ResponseCode.NoError, "fd00::9")]
    [InlineData("fd00-0-0-0-0-0-0-9.default.pod.cluster.local", RecordType.AAAA, ResponseCode.NoError, "fd00::9")]
    [InlineData("10-244-1-9.other.pod.cluster.local", RecordType.A, ResponseCode.NxDomain, "")]
    [InlineData("10-244-1-9.nowhere.pod.cluster.local", RecordType.A, ResponseCode.NxDomain, "")]
    [InlineData("10-244-1-8.default.pod.cluster.local", RecordType.A, ResponseCode.NxDomain, "")]
    [InlineData("192-0-2-1.kube-system.pod.cluster.local", RecordType.A, ResponseCode.NoError, "192.0.2.1")]
    [InlineData("192-0-2-1.other.pod.cluster.local", RecordType.A, ResponseCode.NoError, "192.0.2.1")]
    [InlineData("192-0-2-1.default.pod.cluster.local", RecordType.A, ResponseCode.NxDomain, "")]
    public async Task Only_an_address_that_a_pod_of_the_namespace_has_is_answered(string name, RecordType type, ResponseCode code, string address)
    {
        await AnsweredAsync(name, type, code, address);
    }

    [Fact]
    public async Task A_name_ends_with_the_last_pod_that_has_the_address_and_begins_with_the_next()
    {
        const string Host = "192-0-2-1.kube-system.pod.cluster.local", Web = "10-244-1-9.default.pod.cluster.local";
        _dns.Index.Pods.Remove("kube-system", "proxy-1");
        await AnsweredAsync(Host, RecordType.A, ResponseCode.NoError, "192.0.2.1");
        _dns.Index.Pods.Remove("kube-system", "proxy-2");
        await AnsweredAsync(Host, RecordType.A, ResponseCode.NxDomain, "");

        // The address goes to a pod of another namespace, which is seen before the former one's end.
        _dns.Index.Pods.Put("other", "heir", [IPAddress.Parse("10.244.1.9")]);
        await AnsweredAsync(Web, RecordType.A, ResponseCode.NoError, "10.244.1.9");
        _dns.Index.Pods.Put("default", "web", []);
        await AnsweredAsync(Web, RecordType.A, ResponseCode.NxDomain, "");
        await AnsweredAsync("10-244-1-9.other.pod.cluster.local", RecordType.A, ResponseCode.NoError, "10.244.1.9");
        _dns.Index.Pods.Put("default", "web", [IPAddress.Parse("10.244.1.10")]);
        await AnsweredAsync("10-244-1-10.default.pod.cluster.local", RecordType.A, ResponseCode.NoError, "10.244.1.10");
    }

    [Fact]
    public async Task Until_all_pods_are_known_an_unknown_one_is_not_denied()
    {
        _dns.Index.Pods.Complete = false;

        await AnsweredAsync("10-244-1-8.default.pod.cluster.local", RecordType.A, ResponseCode.ServFail, "");
        await AnsweredAsync("10-244-1-9.default.pod.cluster.local", RecordType.A, ResponseCode.NoError, "10.244.1.9");
        await AnsweredAsync("10-244-1-8.nowhere.pod.cluster.local", RecordType.A, ResponseCode.NxDomain, "");
    }

    [Fact]
    public async Task Pods_are_wanted_from_the_moment_a_corefile_says_so()
    {
        await using var corefile = new CorefileServer();
        var dns = corefile.Start(Corefile("insecure"));
        dns.Index.PutNamespace("default");
        Assert.Equal("10.244.1.8", dns.Short("10-244-1-8.default.pod.cluster.local"));
        Assert.False(dns.Index.Pods.Wanted.IsCompleted);

        corefile.Write("Corefile", Corefile("verified").Replace("SELF", $"{dns.Address}"));

        await dns.Index.Pods.Wanted.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    private async Task AnsweredAsync(string name, RecordType type, ResponseCode code, string address)
    {
        // Dig parts columns by tabs or, behind long names, by a space.
        var words = string.Join(' ', _dns.Dig("+noall", "+comments", "+answer", name, type.ToString()).Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($"status: {code.ToString().ToUpperInvariant()},", words);
        Assert.Equal(address.Length > 0, words.Contains($" IN {type} {address}"));
        var slow = await ResolverClient.AskAsync(_dns.Address, name, type, null, TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(code, slow.Code);
        Assert.Equal(address, string.Join(' ', slow.Records));
    }

    private static string Corefile(string pods) => $$"""
        .:10053 {
            errors
            kubernetes cluster.local {
                pods {{pods}}
            }
        }
        """;
}
