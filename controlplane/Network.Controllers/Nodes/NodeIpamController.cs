using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Network.Client;

namespace Network.Controllers.Nodes;

/// <summary>Gives every node its part of the cluster CIDR. A podCIDR, once given, never changes.</summary>
internal sealed partial class NodeIpamController : IController
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<string> _queue;
    private readonly Dictionary<string, IPNetwork> _given = new(StringComparer.Ordinal);
    private readonly ILogger _logger;

    internal NodeIpamController(ControllerContext context)
    {
        _context = context;
        _queue = context.Queue(Name);
        _logger = context.Loggers.CreateLogger(Name);
        context.Informers.Nodes.Changed += change => _queue.Add(change.Object.Metadata.Name);
    }

    public string Name => "node-ipam-controller";

    // One worker: two nodes must not be offered the same part.
    public Task RunAsync(CancellationToken cancel) => _queue.RunAsync(1, SyncAsync, cancel);

    private async Task<TimeSpan?> SyncAsync(string name, CancellationToken cancel)
    {
        if (_context.Informers.Nodes.Find(name) is not { } node)
        {
            _given.Remove(name);
            return null;
        }

        if (!string.IsNullOrEmpty(node.Spec?.PodCIDR) || node.Metadata.DeletionTimestamp is not null)
            return null;
        if (!_given.TryGetValue(name, out var cidr))
        {
            if (PodCidrAllocation.Next(_context.Settings.ClusterCidr, _context.Settings.NodeMask, Taken()) is not { } free)
            {
                LogExhausted(name, _context.Settings.ClusterCidr);
                _context.Events.Record(References.To(Resources.Nodes, node), "Warning", "CIDRNotAvailable",
                    $"Node {name} status is now: CIDRNotAvailable");
                return TimeSpan.FromSeconds(10);
            }

            cidr = _given[name] = free;
        }

        var patch = Patch.Strategic(new JsonObject
        {
            ["spec"] = new JsonObject { ["podCIDR"] = cidr.ToString(), ["podCIDRs"] = new JsonArray(cidr.ToString()) },
        });
        await _context.Client.PatchAsync(Resources.Nodes, null, name, patch, null, cancel).ConfigureAwait(false);
        LogGiven(name, cidr);
        return null;
    }

    private IEnumerable<IPNetwork> Taken() => _context.Informers.Nodes.Items.Values
        .SelectMany(node => node.Spec?.PodCIDRs ?? [])
        .Select(text => IPNetwork.TryParse(text, out var cidr) ? cidr : default)
        .Where(cidr => cidr.BaseAddress is not null)
        .Concat(_given.Values);

    [LoggerMessage(Level = LogLevel.Information, Message = "podcidr node={Node} cidr={Cidr}")]
    private partial void LogGiven(string node, IPNetwork cidr);

    [LoggerMessage(Level = LogLevel.Error, Message = "no podcidr left for node={Node} in {Cluster}")]
    private partial void LogExhausted(string node, IPNetwork cluster);
}
