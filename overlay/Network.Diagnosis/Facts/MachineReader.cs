using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Network.Linux;
using Network.Netlink;

namespace Network.Diagnosis.Facts;

/// <summary>Reads a network namespace: links, addresses, routes, neighbours, forwarding entries, parameters, sockets.</summary>
public static class MachineReader
{
    private static readonly string[] s_settings =
    [
        "net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/default/rp_filter", "net/bridge/bridge-nf-call-iptables",
        "net/ipv6/conf/all/forwarding", "net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_count",
    ];

    private static readonly (string File, ProtocolType Protocol, string State)[] s_tables =
    [
        ("tcp", ProtocolType.Tcp, "0A"), ("tcp6", ProtocolType.Tcp, "0A"), ("udp", ProtocolType.Udp, "07"), ("udp6", ProtocolType.Udp, "07"),
    ];

    public static MachineFacts Read(string name, string netNs, bool isRouter = false)
    {
        using var socket = RouteSocket.Open(netNs);
        var links = socket.Links();
        var (settings, listeners) = NetNs.Run(netNs, () => (SettingsOf(links), ReadListeners(file => File.ReadLines($"/proc/thread-self/net/{file}"))));
        return new MachineFacts(name, netNs, (uint)NetNs.Inode(NetNs.PathOf(netNs)))
        {
            IsRouter = isRouter, Links = links, Addresses = socket.Addresses(), Routes = socket.Routes(),
            Neighbours = links.Where(link => !link.IsLoopback).SelectMany(link => socket.Neighbours(link.Index)).ToList(),
            Fdb = links.Where(link => link.Vxlan is not null).SelectMany(link => socket.Fdb(link.Index)).ToList(),
            Settings = settings, Listeners = listeners,
        };
    }

    /// <summary>Sockets that wait, from tables as below /proc/net (proc_net_tcp).</summary>
    internal static IReadOnlyList<Listener> ReadListeners(Func<string, IEnumerable<string>> lines)
    {
        var found = new List<Listener>();
        foreach (var (file, protocol, state) in s_tables)
        {
            foreach (var line in Lines(lines, file))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 3 && words[3] == state && words[1].Split(':') is [var address, var port] && Address(address) is { } parsed)
                    found.Add(new Listener(protocol, parsed, int.Parse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
            }
        }

        return found;
    }

    private static List<string> Lines(Func<string, IEnumerable<string>> lines, string file)
    {
        try
        {
            return lines(file).Skip(1).ToList();
        }
        catch (IOException)
        {
            // A kernel without IPv6 has no tables of it.
            return [];
        }
    }

    // Words of 32 bits, each in the machine's order.
    private static IPAddress? Address(string hex)
    {
        if (hex.Length is not (8 or 32))
            return null;
        var bytes = new byte[hex.Length / 2];
        for (var at = 0; at < bytes.Length; at += 4)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), uint.Parse(hex.AsSpan(at * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        return new IPAddress(bytes);
    }

    private static Dictionary<string, string> SettingsOf(IReadOnlyList<Link> links)
    {
        var values = new Dictionary<string, string>();
        foreach (var key in s_settings.Concat(links.Select(link => $"net/ipv4/conf/{link.Name}/rp_filter")))
        {
            try
            {
                values[key] = Sysctl.Get(key);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // This kernel does not have it.
            }
        }

        return values;
    }
}
