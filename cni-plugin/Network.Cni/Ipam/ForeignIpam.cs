using System.Text;
using System.Text.Json;
using Network.Cni.Protocol;
using Network.Cni.Types;
using Network.Linux;

namespace Network.Cni.Ipam;

/// <summary>Address management by another plugin's program: it gets the whole configuration and the same variables.</summary>
internal sealed class ForeignIpam(Invocation call) : IIpam
{
    private readonly string _type = call.Config.Root.Object("ipam").Text("type")!;

    /// <summary>host-local is served here: the same ranges, remembered better.</summary>
    internal static bool IsWanted(Invocation call) => call.Config.Root.Object("ipam").Text("type") is not (null or "" or "host-local" or "podnet-cni");

    public IpamAnswer Acquire(Attachment attachment)
    {
        var result = ConfigObject.Of(Run("ADD"), $"result of {_type}");
        try
        {
            return new IpamAnswer([.. result.Objects("ips").Select(AddressOf)], [.. result.Objects("routes").Select(RouteEntry.Parse)], IsNew: true)
            {
                Dns = result.Object("dns").Element,
            };
        }
        catch (CniException)
        {
            Run("DEL");
            throw;
        }
    }

    public void Release(Attachment attachment) => Run("DEL");

    public IReadOnlyList<Ip>? Check(Attachment attachment, ConfigObject previous)
    {
        Run("CHECK");
        return null;
    }

    public void Collect(HashSet<(string ContainerId, string IfName)> valid, Action<Attachment> remove) => Run("GC");

    public void RequireFree() => Run("STATUS");

    private static GrantedAddress AddressOf(ConfigObject ip)
    {
        if (!Subnet.TryParseAddress(ip.Text("address"), out var address, out var subnet))
            throw ip.Invalid("address", ip.Text("address"), "an address such as 10.244.1.5/24");
        Ip? gateway = ip.Text("gateway") is not { } text ? null : Ip.TryParse(text, out var given) ? given : throw ip.Invalid("gateway", text, "an address");
        return new GrantedAddress(address, subnet.Length, gateway);
    }

    private JsonElement Run(string command)
    {
        var environment = call.Environment;
        var program = (environment.Path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(directory => Path.Combine(directory, _type))
            .FirstOrDefault(File.Exists)
            ?? throw new CniException(CniError.InvalidConfig, $"field ipam.type names {_type}, which is in none of the directories of CNI_PATH \"{environment.Path}\"");
        var variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(pair => (string)pair.Key, pair => (string)pair.Value!);
        variables["CNI_COMMAND"] = command;
        foreach (var (name, value) in ((string, string?)[])[("CNI_CONTAINERID", environment.ContainerId), ("CNI_NETNS", environment.NetNs),
            ("CNI_IFNAME", environment.IfName), ("CNI_ARGS", environment.Args), ("CNI_PATH", environment.Path)])
            variables[name] = value ?? "";
        var (exit, output, _) = OtherProgram.Run(new ChildSpec(program, []) { Environment = variables }, call.Config.Json.Span);
        return Read(command, exit, output);
    }

    private JsonElement Read(string command, ExitStatus exit, ReadOnlyMemory<byte> output)
    {
        try
        {
            var answer = output.IsEmpty ? JsonDocument.Parse("{}"u8.ToArray()).RootElement : JsonDocument.Parse(output).RootElement;
            if (exit.ShellCode == 0)
                return answer;
            var error = ConfigObject.Of(answer, $"error of {_type}");
            throw new CniException((int)error.Number("code", int.MaxValue), $"{_type} refused {command}: {error.Text("msg")}", error.Text("details") ?? "");
        }
        catch (JsonException)
        {
            throw new CniException(CniError.Decode, $"{_type} answered {command} with exit code {exit.ShellCode} and no JSON", Encoding.UTF8.GetString(output.Span));
        }
    }
}
