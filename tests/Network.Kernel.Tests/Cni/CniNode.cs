using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Network.Cni;
using Network.Cni.Protocol;
using Network.TestKit;
using Xunit;

namespace Network.Kernel.Tests.Cni;

/// <summary>A node namespace for the plugin, its pods, and a neighbour outside of it.</summary>
internal sealed class CniNode : IDisposable
{
    private readonly List<ScratchNetNs> _spaces = [];

    internal CniNode()
    {
        Requires.Root();
        Requires.Tool("busybox");
        Ns = Space("node");
    }

    internal DirectoryInfo Data { get; } = Directory.CreateTempSubdirectory("cni");

    internal ScratchNetNs Ns { get; }

    internal ScratchNetNs Space(string purpose = "pod")
    {
        var space = new ScratchNetNs(purpose);
        lock (_spaces)
            _spaces.Add(space);
        return space;
    }

    /// <summary>A machine on the node's segment: 192.0.2.2 and 2001:db8::2, the node is 1.</summary>
    internal ScratchNetNs Outside()
    {
        var outside = Space("out");
        Ns.Exec("ip", "link", "add", "up0", "type", "veth", "peer", "name", "eth0", "netns", outside.Name);
        foreach (var (ns, device, number) in ((ScratchNetNs, string, int)[])[(Ns, "up0", 1), (outside, "eth0", 2)])
        {
            ns.Exec("ip", "address", "add", $"192.0.2.{number}/24", "dev", device);
            ns.Exec("ip", "address", "add", $"2001:db8::{number}/64", "dev", device, "nodad");
            ns.Exec("ip", "link", "set", device, "up");
        }

        // The kernel lays the IPv6 route once it has seen the carrier.
        Assert.True(SpinWait.SpinUntil(() => IsReached(outside, "2001:db8::1") && IsReached(Ns, "2001:db8::2"), 30_000), "the neighbour outside is not reached");
        return outside;
    }

    private static bool IsReached(ScratchNetNs from, string address)
    {
        try
        {
            from.Exec("busybox", "ping", "-6", "-c1", "-W1", address);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    internal string DualStackIpam => $$"""{"type":"host-local","dataDir":"{{Data.FullName}}","ranges":[[{"subnet":"10.244.1.0/24"}],[{"subnet":"fd00:1::/64"}]]}""";

    /// <param name="fields">Of the configuration, behind its version and name.</param>
    internal (int Exit, JsonNode? Json) Run(string command, string id, string? netNs, string fields, string version = "1.0.0", string program = "podnet-cni", string path = "/usr/lib/cni")
    {
        var config = $$"""{"cniVersion":"{{version}}","name":"net",{{fields}} }""";
        var environment = new CniEnvironment { Command = command, ContainerId = id, IfName = "eth0", NetNs = netNs, Path = path, Program = program };
        var reply = Ns.Run(() => Plugin.Run(environment, Encoding.UTF8.GetBytes(config)));
        return (reply.ExitCode, reply.Output.IsEmpty ? null : JsonNode.Parse(reply.Output.Span));
    }

    internal JsonNode? Ok(string command, string id, string? netNs, string fields, string version = "1.0.0", string program = "podnet-cni", string path = "/usr/lib/cni")
    {
        var (exit, json) = Run(command, id, netNs, fields, version, program, path);
        Assert.True(exit == 0, $"{command}: {json?.ToJsonString()}");
        return json;
    }

    internal static string Previous(JsonNode result) => $"\"prevResult\":{result.ToJsonString()}";

    /// <summary>Answers every TCP connection with a name and the client's address as it was seen.</summary>
    internal static TcpListener Serve(ScratchNetNs ns, int port, string name)
    {
        var listener = ns.Run(() =>
        {
            var made = new TcpListener(IPAddress.IPv6Any, port);
            made.Server.DualMode = true;
            made.Start();
            return made;
        });
        _ = Task.Run(async () =>
        {
            while (true)
            {
                try
                {
                    using var client = await listener.AcceptSocketAsync();
                    var from = ((IPEndPoint)client.RemoteEndPoint!).Address;
                    await client.SendAsync(Encoding.UTF8.GetBytes($"{name} {(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from)}"));
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
                {
                    return;
                }
            }
        });
        return listener;
    }

    /// <summary>What the server behind an address says; the error's name when it cannot be reached.</summary>
    internal static string Ask(ScratchNetNs from, string address, int port) => from.Run(() =>
    {
        var to = IPAddress.Parse(address);
        using var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        try
        {
            socket.Connect(to, port);
            var buffer = new byte[256];
            return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }
    });

    public void Dispose()
    {
        _spaces.ForEach(space => space.Dispose());
        Data.Delete(recursive: true);
    }
}
