using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Network.Netlink;
using Tmds.DBus.Protocol;

namespace Network.Host.Dns.HostSetup;

/// <summary>systemd-resolved over the system bus: org.freedesktop.resolve1(5). The calls and nothing else.</summary>
internal sealed class ResolvedBus : IDisposable
{
    private const string Service = "org.freedesktop.resolve1";
    private const string Path = "/org/freedesktop/resolve1";
    private const string LinkInterface = "org.freedesktop.resolve1.Link";

    // Whoever stopped resolved wants it to stay stopped; a call would start it again (D-Bus specification, NO_AUTO_START).
    private const MessageFlags NoStart = MessageFlags.NoAutoStart;

    // Flag of DNS in ScopesMask and in answers (SD_RESOLVED_DNS).
    private const ulong DnsScope = 1;

    // The kernel's numbers, which the bus carries; .NET has others.
    private const int AfInet = 2;
    private const int AfInet6 = 10;

    private readonly DBusConnection _connection;

    private ResolvedBus(DBusConnection connection) => _connection = connection;

    /// <summary>Done when the bus has gone.</summary>
    internal Task Lost => _connection.DisconnectedAsync();

    internal static async Task<ResolvedBus> ConnectAsync(string? address)
    {
        var bus = address ?? DBusAddress.System!;
        var connection = new DBusConnection(bus);
        try
        {
            await connection.ConnectAsync().ConfigureAwait(false);
            return new ResolvedBus(connection);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            connection.Dispose();
            throw ResolvedRefusal.NoBus(bus, e);
        }
    }

    /// <summary>What resolved holds for a link.</summary>
    internal Task<LinkSettings> ReadAsync(Link link) => Explained(link, "read its settings", async () =>
    {
        var path = await _connection.CallMethodAsync(Message("GetLink", "i", link.Index, static (ref MessageWriter _, object? _) => { }),
            static (Message message, object? _) => message.GetBodyReader().ReadObjectPathAsString()).ConfigureAwait(false);
        return await _connection.CallMethodAsync(Properties(path), static (Message message, object? _) => Settings(message.GetBodyReader())).ConfigureAwait(false);
    });

    internal Task ApplyAsync(Link link, LinkCall call) => Explained(link, $"set {call}", () => _connection.CallMethodAsync(call switch
    {
        LinkCall.SetServers { Servers: var servers } when servers.All(server => server.Port == 53) => Message("SetLinkDNS", "ia(iay)", link.Index,
            (ref MessageWriter writer, object? _) => WriteServers(ref writer, servers, extended: false)),
        LinkCall.SetServers { Servers: var servers } => Message("SetLinkDNSEx", "ia(iayqs)", link.Index,
            (ref MessageWriter writer, object? _) => WriteServers(ref writer, servers, extended: true)),
        LinkCall.SetDomains { Domains: var domains } => Message("SetLinkDomains", "ia(sb)", link.Index,
            (ref MessageWriter writer, object? _) => WriteDomains(ref writer, domains)),
        LinkCall.SetDefaultRoute { Enabled: var enabled } => Message("SetLinkDefaultRoute", "ib", link.Index,
            (ref MessageWriter writer, object? _) => writer.WriteBool(enabled)),
        LinkCall.SetDnssec { Mode: var mode } => Message("SetLinkDNSSEC", "is", link.Index, (ref MessageWriter writer, object? _) => writer.WriteString(mode)),
        LinkCall.SetDnsOverTls { Mode: var mode } => Message("SetLinkDNSOverTLS", "is", link.Index, (ref MessageWriter writer, object? _) => writer.WriteString(mode)),
        _ => throw new ArgumentOutOfRangeException(nameof(call), call, "is no call"),
    }));

    internal Task RevertAsync(Link link) => Explained(link, "revert its settings",
        () => _connection.CallMethodAsync(Message("RevertLink", "i", link.Index, static (ref MessageWriter _, object? _) => { })));

    /// <summary>Forgets what was answered before, above all that a name of the cluster does not exist.</summary>
    internal Task FlushAsync() => Explained(null, "flush its cache", () => _connection.CallMethodAsync(Message("FlushCaches", null, null, static (ref MessageWriter _, object? _) => { })));

    /// <summary>Calls back with true when resolved has come, with false when it has gone.</summary>
    internal async Task<IDisposable> WatchOwnerAsync(Action<bool> changed) => await _connection.AddMatchAsync(
        new MatchRule
        {
            Type = MessageType.Signal,
            Sender = "org.freedesktop.DBus",
            Path = "/org/freedesktop/DBus",
            Interface = "org.freedesktop.DBus",
            Member = "NameOwnerChanged",
            Arg0 = Service,
        },
        static (Message message, object? _) => NewOwner(message.GetBodyReader()),
        (Notification<string> owner) =>
        {
            if (owner.HasValue)
                changed(owner.Value.Length > 0);
        },
        emitOnCapturedContext: false, ObserverFlags.None).ConfigureAwait(false);

    public void Dispose() => _connection.Dispose();

    private delegate void Arguments(ref MessageWriter writer, object? state);

    private MessageBuffer Message(string member, string? signature, int? index, Arguments arguments)
    {
        var writer = _connection.GetMessageWriter();
        try
        {
            writer.WriteMethodCallHeader(Service, Path, "org.freedesktop.resolve1.Manager", member, signature, NoStart);
            if (index is { } number)
                writer.WriteInt32(number);
            arguments(ref writer, null);
            return writer.CreateMessage();
        }
        finally
        {
            writer.Dispose();
        }
    }

    private MessageBuffer Properties(string path)
    {
        using var writer = _connection.GetMessageWriter();
        writer.WriteMethodCallHeader(Service, path, "org.freedesktop.DBus.Properties", "GetAll", "s", NoStart);
        writer.WriteString(LinkInterface);
        return writer.CreateMessage();
    }

    private static void WriteServers(ref MessageWriter writer, IReadOnlyList<IPEndPoint> servers, bool extended)
    {
        var array = writer.WriteArrayStart(DBusType.Struct);
        foreach (var server in servers)
        {
            writer.WriteStructureStart();
            writer.WriteInt32(server.AddressFamily == AddressFamily.InterNetwork ? AfInet : AfInet6);
            writer.WriteArray(server.Address.GetAddressBytes());
            if (!extended)
                continue;
            writer.WriteUInt16((ushort)server.Port);
            writer.WriteString("");
        }

        writer.WriteArrayEnd(array);
    }

    private static void WriteDomains(ref MessageWriter writer, IReadOnlyList<LinkDomain> domains)
    {
        var array = writer.WriteArrayStart(DBusType.Struct);
        foreach (var domain in domains)
        {
            writer.WriteStructureStart();
            writer.WriteString(domain.Name);
            writer.WriteBool(domain.RoutingOnly);
        }

        writer.WriteArrayEnd(array);
    }

    private static string NewOwner(Reader reader)
    {
        reader.ReadString();
        reader.ReadString();
        return reader.ReadString();
    }

    private static LinkSettings Settings(Reader reader)
    {
        var settings = LinkSettings.Empty;
        var properties = reader.ReadArrayStart(DBusType.Struct);
        while (reader.HasNext(properties))
        {
            switch (reader.ReadString())
            {
                case "ScopesMask":
                    reader.ReadSignature("t"u8);
                    settings = settings with { Active = (reader.ReadUInt64() & DnsScope) != 0 };
                    break;
                case "DNSEx":
                    reader.ReadSignature("a(iayqs)"u8);
                    settings = settings with { Servers = ReadServers(ref reader) };
                    break;
                case "CurrentDNSServerEx":
                    reader.ReadSignature("(iayqs)"u8);
                    settings = settings with { Current = ReadServer(ref reader) };
                    break;
                case "Domains":
                    reader.ReadSignature("a(sb)"u8);
                    settings = settings with { Domains = ReadDomains(ref reader) };
                    break;
                case "DefaultRoute":
                    reader.ReadSignature("b"u8);
                    settings = settings with { DefaultRoute = reader.ReadBool() };
                    break;
                case "DNSSEC":
                    reader.ReadSignature("s"u8);
                    settings = settings with { Dnssec = reader.ReadString() };
                    break;
                case "DNSOverTLS":
                    reader.ReadSignature("s"u8);
                    settings = settings with { DnsOverTls = reader.ReadString() };
                    break;
                default:
                    reader.ReadVariantValue();
                    break;
            }
        }

        return settings;
    }

    private static List<IPEndPoint> ReadServers(ref Reader reader)
    {
        var servers = new List<IPEndPoint>();
        var array = reader.ReadArrayStart(DBusType.Struct);
        while (reader.HasNext(array))
        {
            if (ReadServer(ref reader) is { } server)
                servers.Add(server);
        }

        return servers;
    }

    // Family, address, port (0 for the usual one) and the name of a TLS certificate.
    private static IPEndPoint? ReadServer(ref Reader reader)
    {
        reader.AlignStruct();
        reader.ReadInt32();
        var address = reader.ReadArrayOfByte();
        var port = reader.ReadUInt16();
        reader.ReadString();
        return address.Length is 4 or 16 ? new IPEndPoint(new IPAddress(address), port == 0 ? 53 : port) : null;
    }

    private static List<LinkDomain> ReadDomains(ref Reader reader)
    {
        var domains = new List<LinkDomain>();
        var array = reader.ReadArrayStart(DBusType.Struct);
        while (reader.HasNext(array))
        {
            reader.AlignStruct();
            domains.Add(new LinkDomain(reader.ReadString(), reader.ReadBool()));
        }

        return domains;
    }

    private static Task Explained(Link? link, string attempt, Func<Task> call) => Explained(link, attempt, async () =>
    {
        await call().ConfigureAwait(false);
        return true;
    });

    private static async Task<T> Explained<T>(Link? link, string attempt, Func<Task<T>> call)
    {
        var what = link is null ? "systemd-resolved" : string.Create(CultureInfo.InvariantCulture, $"link {link.Name} (#{link.Index})");
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (DBusErrorReplyException e)
        {
            throw ResolvedRefusal.Of(what, attempt, e.ErrorName, e.ErrorMessage, e);
        }
        catch (DBusConnectionException e)
        {
            throw ResolvedRefusal.BusLost(what, attempt, e);
        }
    }
}
