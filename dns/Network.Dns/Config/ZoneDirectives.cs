using System.Net;
using Network.Dns.Plugins;
using Network.Dns.Plugins.Dnssec;
using Network.Dns.Plugins.Transfer;
using Network.Dns.Plugins.ZoneFiles;
using Network.Dns.Wire;
using Network.Dns.Zones;

namespace Network.Dns.Config;

/// <summary>The lines about whole zones: file, transfer and dnssec.</summary>
internal static class ZoneDirectives
{
    /// <summary>file PATH [ZONES...] { fallthrough [ZONES...]; reload DURATION }</summary>
    internal static IEnumerable<IDnsPlugin> File(Directive line, PluginContext context)
    {
        if (line.Arguments.Count == 0)
            throw line.Refuse("write: file PATH [ZONES...]");
        // A change is seen at once; how often to look for one is nothing to choose.
        line.Allow("fallthrough", "reload");
        var fallthrough = line.Fallthrough();
        foreach (var zone in line.ZonesAfter(1, context))
            yield return new FilePlugin(new FileSettings(Path.GetFullPath(line.Arguments[0], Path.GetFullPath(context.Root)), zone, context.State, fallthrough), context.ZoneFiles, context.Logger);
    }

    /// <summary>transfer [ZONES...] { to ADDRESS... }</summary>
    internal static TransferPlugin Transfer(Directive line, PluginContext context)
    {
        line.Allow("to");
        var to = line.Block.SelectMany(option => option.Arguments.Select(text => (Option: option, Text: text))).ToList();
        if (to.Count == 0)
            throw line.Refuse("nobody may fetch; write: to ADDRESS... or to *");
        var settings = new TransferSettings(line.Arguments.Select(Zone).ToList(), to.Where(peer => peer.Text != "*").Select(peer => Peer(peer.Option, peer.Text)).ToList(),
            to.Exists(peer => peer.Text == "*"), context.Addresses, context.State);
        return new TransferPlugin(settings, context.Time, context.Logger);
    }

    /// <summary>dnssec [ZONES...] { key file PATH...; cache_capacity N }</summary>
    internal static DnssecPlugin Dnssec(Directive line, PluginContext context)
    {
        line.Allow("key", "cache_capacity");
        var capacity = line.Block.FirstOrDefault(option => option.Name == "cache_capacity")?.Number() ?? 10_000;
        var paths = line.Block.Where(option => option.Name == "key").SelectMany(option => option.Arguments is ["file", _, ..]
            ? option.Arguments.Skip(1).Select(path => (Option: option, Path: Path.GetFullPath(path, Path.GetFullPath(context.Root))))
            : throw option.Refuse("write: key file PATH...")).ToList();
        if (paths.Count == 0)
            throw line.Refuse("there is no key; write: key file PATH");
        return new DnssecPlugin(line.ZonesAfter(0, context).Select(zone =>
            new ZoneSigner(WireName.Of(zone), paths.Select(path => Key(path.Option, path.Path, zone)).ToList(), (int)Math.Max(2, capacity), context.Time)).ToList());
    }

    private static SigningKey Key(Directive option, string path, string zone)
    {
        try
        {
            return SigningKey.Read(path, WireName.Of(zone));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ZoneFileException)
        {
            throw option.Refuse(e.Message);
        }
    }

    internal static string Zone(string text) => ReverseZone.Of(text.TrimEnd('.').ToLowerInvariant());

    private static IPEndPoint Peer(Directive option, string text) => IPAddress.TryParse(text, out var address) ? new IPEndPoint(address, 53)
        : IPEndPoint.TryParse(text, out var peer) && peer.Port != 0 ? peer : throw option.Refuse($"\"{text}\" is no address; write 192.0.2.1, 192.0.2.1:5353 or *");
}
