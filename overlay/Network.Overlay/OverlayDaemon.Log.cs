using System.Net;
using Microsoft.Extensions.Logging;
using Network.Netlink;

namespace Network.Overlay;

public sealed partial class OverlayDaemon
{
    [LoggerMessage(LogLevel.Information, "overlay of node {Node} is up: device {Device}, MAC {Mac}, underlay address {Underlay}, MTU {Mtu}")]
    private partial void LogStarted(string node, string device, MacAddress mac, IPAddress underlay, int mtu);

    [LoggerMessage(LogLevel.Information, "overlay of node {Node} stopped; the kernel goes on forwarding")]
    private partial void LogStopped(string node);

    [LoggerMessage(LogLevel.Information, "overlay of node {Node}: {Peers} peers programmed on {Device} by {Changes} changes")]
    private partial void LogProgrammed(string node, string device, int peers, int changes);

    [LoggerMessage(LogLevel.Warning, "overlay of node {Node}: repaired {Device} by {Changes} changes; something else removed or altered its objects")]
    private partial void LogRepaired(string node, string device, int changes);

    [LoggerMessage(LogLevel.Warning, "overlay of node {Node}: repaired the masquerade rules; something else removed or altered them")]
    private partial void LogRulesRepaired(string node);

    [LoggerMessage(LogLevel.Error, "overlay of node {Node}: {Reason}; trying again")]
    private partial void LogRefused(string node, string reason);

    [LoggerMessage(LogLevel.Warning,
        "overlay of node {Node}: peer {Peer} is left out because podCIDR {PodCidr} belongs to another node already; give it one of its own")]
    private partial void LogConflict(string node, string peer, string podCidr);

    [LoggerMessage(LogLevel.Error, "overlay of node {Node}: kernel events are not available ({Reason}); repairs wait for the periodic audit")]
    private partial void LogMonitorFailed(string node, string reason);
}
