using Microsoft.Extensions.Logging;

namespace Network.Overlay;

public sealed partial class OverlayDaemon
{
    [LoggerMessage(LogLevel.Information, "overlay of node {Node} is up: backend {Backend}, {Tunnels}, MTU {Mtu}")]
    private partial void LogStarted(string node, string backend, string tunnels, int mtu);

    [LoggerMessage(LogLevel.Information, "overlay of node {Node} stopped; the kernel goes on forwarding")]
    private partial void LogStopped(string node);

    [LoggerMessage(LogLevel.Information, "overlay of node {Node}: {Peers} peers programmed by {Changes} changes ({What})")]
    private partial void LogProgrammed(string node, int peers, int changes, string what);

    [LoggerMessage(LogLevel.Warning, "overlay of node {Node}: something else removed or altered our objects, repaired by {Changes} changes ({What}) {After} ms after the event")]
    private partial void LogRepaired(string node, int changes, string what, double after);

    [LoggerMessage(LogLevel.Error, "overlay of node {Node}: {Reason}; trying again")]
    private partial void LogRefused(string node, string reason);

    [LoggerMessage(LogLevel.Warning, "overlay of node {Node}: peer {Peer} is left out: {Reason}")]
    private partial void LogLeftOut(string node, string peer, string reason);

    [LoggerMessage(LogLevel.Error, "overlay of node {Node}: kernel events are not available ({Reason}); repairs wait for the periodic audit")]
    private partial void LogMonitorFailed(string node, string reason);

    [LoggerMessage(LogLevel.Warning, "overlay of node {Node}: checksums left to {Device} do not arrive, its tx-checksum-ip-generic is now {State}")]
    private partial void LogOffload(string node, string device, string state);

    [LoggerMessage(LogLevel.Warning, "overlay of node {Node}: {Fault}")]
    private partial void LogUnprobed(string node, string fault);
}
