using System.Net;
using System.Text.Json.Nodes;
using Network.Linux;
using Network.TestKit;

namespace Network.Kernel.Tests.Dns;

/// <summary>
/// A host with a system bus and systemd-resolved of its own, both the real programs, and two cables: one to a cluster's node with
/// two addresses, one to the world with its name server. The machine's own bus, resolver and resolv.conf are not touched.
/// </summary>
internal sealed class ResolvedHost : IDisposable
{
    internal const string Cable = "to-node";
    internal const string Uplink = "to-world";

    private const string Unpacked = "/var/lib/podnet/resolved";

    // The bus asks for the groups of everybody who connects, so it has to know systemd-resolved's user too.
    private const string KnowingItsUser = """mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && exec dbus-daemon --config-file="$1/bus.conf" --nofork --nopidfile""";

    // As systemd-resolved expects it: its own user, its own /run/systemd, its own settings. None of it is seen outside.
    private const string InItsOwnMounts = """
        mount -t tmpfs -o mode=755 none /run/systemd && mkdir -p /etc/systemd && mount -t tmpfs -o mode=755 none /etc/systemd &&
        cp "$1/resolved.conf" /etc/systemd/resolved.conf &&
        mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/group" /etc/group && mount --bind "$1/resolv.conf" /etc/resolv.conf &&
        exec "$2"
        """;

    private readonly string _resolved;
    private readonly string _resolvectl;
    private readonly string _folder;
    private readonly List<Child> _programs = [];
    private Child? _daemon;

    internal ResolvedHost()
    {
        Requires.Root();
        foreach (var tool in (string[])["dbus-daemon", "unshare", "dig", "ip"])
            Requires.Tool(tool);
        _resolved = Requires.Program("systemd-resolved", $"{Unpacked}/lib/systemd/systemd-resolved", $"{Unpacked}/usr/lib/systemd/systemd-resolved");
        _resolvectl = Requires.Program("resolvectl", $"{Unpacked}/usr/bin/resolvectl");
        _folder = Directory.CreateTempSubdirectory("podnet-hs-").FullName;
        Host = new ScratchNetNs("hs-host");
        Node = new ScratchNetNs("hs-node");
        World = new ScratchNetNs("hs-world");
        try
        {
            PlugIn();
            Connect(Uplink, World, "192.0.2.1/24", "192.0.2.53/24");
            Host.Exec("ip", "route", "add", "default", "via", "192.0.2.53");
            WriteFiles();
            _programs.Add(Child.Start(new ChildSpec("unshare", ["-m", "sh", "-c", KnowingItsUser, "sh", _folder]) { NetNs = Host.Name, LogFile = PathOf("bus.log") }));
            Until(() => File.Exists(PathOf("bus")), "the bus listens");
        }
        catch
        {
            // Nobody disposes of what was not finished.
            Dispose();
            throw;
        }
    }

    internal ScratchNetNs Host { get; }

    internal ScratchNetNs Node { get; }

    internal ScratchNetNs World { get; }

    internal string Bus => $"unix:path={PathOf("bus")}";

    internal static IPEndPoint First { get; } = IPEndPoint.Parse("172.31.253.2:53");

    internal static IPEndPoint Second { get; } = IPEndPoint.Parse("172.31.253.3:53");

    internal static IPEndPoint WorldServer { get; } = IPEndPoint.Parse("192.0.2.53:53");

    private static string Binary => Path.Combine(AppContext.BaseDirectory, "..", "..", "Network.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "podnet");

    internal string PathOf(string file) => Path.Combine(_folder, file);

    /// <summary>The cable to the node; it may have been pulled before.</summary>
    internal void PlugIn()
    {
        Connect(Cable, Node, "172.31.253.1/24", "172.31.253.2/24");
        Node.Exec("ip", "address", "replace", "172.31.253.3/24", "dev", "far");
    }

    internal void StartResolved()
    {
        _daemon = Child.Start(new ChildSpec("unshare", ["-m", "sh", "-c", InItsOwnMounts, "sh", _folder, _resolved])
        {
            NetNs = Host.Name,
            LogFile = PathOf("resolved.log"),
            Environment = Environment(("SYSTEMD_LOG_TARGET", "console")),
        });
        Until(() => Try("status").Succeeded, "systemd-resolved answers");
    }

    internal void KillResolved()
    {
        _daemon!.Kill(Processes.SIGKILL);
        _daemon.Wait();
        _daemon = null;
    }

    /// <summary>resolvectl on this host's bus; a failure throws with its words.</summary>
    internal string Resolvectl(params string[] arguments) => Try(arguments).OrThrow($"resolvectl {string.Join(' ', arguments)}").Output;

    /// <summary>What systemd-resolved has for a link, in the words of resolvectl: servers, then domains.</summary>
    internal string Settings(string link) => string.Join('\n', Try("dns", link).Output.Trim(), Try("domain", link).Output.Trim());

    /// <summary>Asks the stub listener, as a program of the host does.</summary>
    internal string Dig(params string[] arguments) =>
        Command.RunAsync(new ChildSpec("dig", ["@127.0.0.53", "+tries=1", "+time=3", "+short", .. arguments]) { NetNs = Host.Name }).GetAwaiter().GetResult().Output.Trim();

    /// <summary><c>podnet dns host-setup</c> to its end.</summary>
    internal CommandResult Setup(params string[] arguments) => Command.RunAsync(Spec(arguments)).GetAwaiter().GetResult();

    /// <summary>The same on another bus.</summary>
    internal CommandResult SetupOn(string bus) => Command.RunAsync(Spec([], bus)).GetAwaiter().GetResult();

    /// <summary>The same as user nobody, who may ask and not set.</summary>
    internal CommandResult SetupAsNobody(params string[] arguments)
    {
        Requires.Tool("setpriv");
        var spec = Spec(arguments);
        return Command.RunAsync(spec with { File = "setpriv", Arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", spec.File, .. spec.Arguments] }).GetAwaiter().GetResult();
    }

    /// <summary><c>podnet dns host-setup</c> in the foreground of nobody; it writes <see cref="Log"/>.</summary>
    internal Child Hold(params string[] arguments)
    {
        var program = Child.Start(Spec(["-o", "json", .. arguments]) with { LogFile = Log });
        _programs.Add(program);
        return program;
    }

    internal string Log => PathOf("podnet.log");

    internal string LogText => File.Exists(Log) ? File.ReadAllText(Log) : "";

    /// <summary>Ends a program and forgets it.</summary>
    internal ExitStatus End(Child program, int signal)
    {
        program.Kill(signal);
        _programs.Remove(program);
        return program.Wait();
    }

    internal void Until(Func<bool> condition, string what) => Eventually.TrueAsync(condition, TimeSpan.FromSeconds(15), () =>
        $"{what}\n{LogText}\n{(File.Exists(PathOf("resolved.log")) ? File.ReadAllText(PathOf("resolved.log")) : "")}").GetAwaiter().GetResult();

    /// <summary>The reports so far.</summary>
    internal IReadOnlyList<JsonNode> Reports() => LogText.Split('\n').Where(line => line.StartsWith('{') && line.EndsWith('}')).Select(line => JsonNode.Parse(line)!).ToList();

    public void Dispose()
    {
        foreach (var program in (Child?[])[_daemon, .. _programs])
        {
            program?.Kill(Processes.SIGKILL);
            program?.Wait();
        }

        Host.Dispose();
        Node.Dispose();
        World.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ChildSpec Spec(IEnumerable<string> arguments, string? bus = null) => new(Binary, ["dns", "host-setup", "--bus", bus ?? Bus, .. arguments]) { NetNs = Host.Name };

    private CommandResult Try(params string[] arguments) => Command.RunAsync(
        new ChildSpec(_resolvectl, ["--no-pager", .. arguments]) { NetNs = Host.Name, Environment = Environment() }).GetAwaiter().GetResult();

    private Dictionary<string, string> Environment(params (string Name, string Value)[] more)
    {
        var all = new Dictionary<string, string> { ["PATH"] = System.Environment.GetEnvironmentVariable("PATH")!, ["LC_ALL"] = "C", ["DBUS_SYSTEM_BUS_ADDRESS"] = Bus };
        foreach (var (name, value) in more)
            all[name] = value;
        return all;
    }

    private void Connect(string device, ScratchNetNs other, string near, string far)
    {
        Host.Exec("ip", "link", "add", device, "type", "veth", "peer", "name", "far", "netns", other.Name);
        Host.Exec("ip", "address", "add", near, "dev", device);
        Host.Exec("ip", "link", "set", device, "up");
        other.Exec("ip", "address", "add", far, "dev", "far");
        other.Exec("ip", "link", "set", "far", "up");
    }

    private void WriteFiles()
    {
        // The daemon's user and the one who may not set anything reach the socket.
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        File.WriteAllText(PathOf("bus.conf"), $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>{Bus}</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow send_destination="*"/>
                <allow receive_sender="*"/>
              </policy>
            </busconfig>
            """);
        File.WriteAllText(PathOf("resolved.conf"), $"""
            [Resolve]
            DNS={WorldServer.Address}
            FallbackDNS=
            Domains=~.
            LLMNR=no
            MulticastDNS=no
            DNSSEC=no
            Cache=yes
            """);
        File.WriteAllText(PathOf("resolv.conf"), "nameserver 127.0.0.53\n");
        File.WriteAllText(PathOf("passwd"), "root:x:0:0:root:/root:/bin/sh\nsystemd-resolve:x:993:993:resolver:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
        File.WriteAllText(PathOf("group"), "root:x:0:\nsystemd-resolve:x:993:\nnogroup:x:65534:\n");
    }
}
