using System.CommandLine;
using Network.Store.Etcd;

namespace Network.Cli.Verbs;

/// <summary>How to reach an etcd, for every verb that can work on one.</summary>
internal sealed class EtcdOptionSet
{
    private readonly Option<string[]> _endpoints = new("--etcd")
    {
        Description = "keep objects in this etcd (http://host:port, https://host:port); may be repeated for its members",
        HelpName = "url",
    };

    private readonly Option<string?> _authority = Options.Text("--etcd-cafile", "authority that signed etcd's certificate (PEM file)");
    private readonly Option<string?> _certificate = Options.Text("--etcd-certfile", "client certificate shown to etcd (PEM file)");
    private readonly Option<string?> _key = Options.Text("--etcd-keyfile", "its key (PEM file)");

    internal IEnumerable<Option> All => [_endpoints, _authority, _certificate, _key];

    /// <summary>Null when no etcd is named.</summary>
    internal EtcdSettings? Read(ParseResult parsed) => parsed.GetValue(_endpoints) is { Length: > 0 } endpoints
        ? EtcdSettings.Parse(endpoints, parsed.GetValue(_authority), parsed.GetValue(_certificate), parsed.GetValue(_key))
        : null;
}
