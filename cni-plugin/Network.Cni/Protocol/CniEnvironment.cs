namespace Network.Cni.Protocol;

/// <summary>The CNI_* variables of one invocation.</summary>
internal sealed record CniEnvironment
{
    internal string? Command { get; init; }

    internal string? ContainerId { get; init; }

    internal string? NetNs { get; init; }

    internal string? IfName { get; init; }

    internal string? Args { get; init; }

    /// <summary>Directories of plugin programs, for address management by another program.</summary>
    internal string? Path { get; init; }

    internal bool AllowOwnNetNs { get; init; }

    /// <summary>The name this program was started by; it may be a link named after a type.</summary>
    internal string Program { get; init; } = "podnet-cni";

    /// <summary>Path of this program, to start helpers of its own; null where there is nothing to hand over, and in tests, which run inside another.</summary>
    internal string? Executable { get; init; }

    internal static CniEnvironment FromProcess() => new()
    {
        Command = Read("CNI_COMMAND"),
        ContainerId = Read("CNI_CONTAINERID"),
        NetNs = Read("CNI_NETNS"),
        IfName = Read("CNI_IFNAME"),
        Args = Read("CNI_ARGS"),
        Path = Read("CNI_PATH"),
        AllowOwnNetNs = Read("CNI_NETNS_OVERRIDE") is "1" or "true",
        // Finding out takes the library seven system calls, and DEL alone hands work over.
        Executable = Read("CNI_COMMAND") == "DEL" ? Environment.ProcessPath : null,
        Program = System.IO.Path.GetFileName(CalledAs()),
    };

    /// <summary>ADD and CHECK need the namespace.</summary>
    internal Attachment RequireAttachment() => NetNs is { Length: > 0 }
        ? RequireContainer()
        : throw new CniException(CniError.BadEnvironment, "CNI_NETNS is not set; give the path of the container's network namespace");

    /// <summary>DEL must also work after a reboot, when the namespace is gone.</summary>
    internal Attachment RequireContainer()
    {
        if (ContainerId is not { Length: > 0 } id || !IsContainerId(id))
            throw new CniException(CniError.BadEnvironment,
                $"CNI_CONTAINERID \"{ContainerId}\" is not an id; it begins with a letter or digit and holds letters, digits, _ . -");
        if (IfName is not { Length: > 0 and <= 15 } name || name is "." or ".." || name.Any(c => char.IsWhiteSpace(c) || c is '/' or ':'))
            throw new CniException(CniError.BadEnvironment,
                $"CNI_IFNAME \"{IfName}\" is not an interface name; at most 15 characters, no space, slash or colon");
        var arguments = Arguments();
        return new Attachment(id, name, NetNs ?? "", AliasOf(arguments, name)) { AllowOwnNetNs = AllowOwnNetNs };
    }

    /// <summary>GC and STATUS are about the node, but must be able to find other plugins.</summary>
    internal void RequirePath()
    {
        if (Path is null)
            throw new CniException(CniError.BadEnvironment, "CNI_PATH is not set; give the directories of the plugin programs");
    }

    /// <summary>CNI_ARGS as key and value.</summary>
    internal IReadOnlyDictionary<string, string> Arguments()
    {
        var arguments = new Dictionary<string, string>();
        foreach (var pair in (Args ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw new CniException(CniError.BadEnvironment, $"CNI_ARGS holds \"{pair}\"; write it as KEY=VALUE;KEY=VALUE");
            arguments[pair[..at]] = pair[(at + 1)..];
        }

        return arguments;
    }

    /// <summary>The charset of container ids and network names.</summary>
    internal static bool IsContainerId(string text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-'))
                return false;
        }

        return text.Length > 0 && char.IsAsciiLetterOrDigit(text[0]);
    }

    // namespace/pod/interface, so that whoever lists links or captures packets sees whose veth it is.
    private string AliasOf(IReadOnlyDictionary<string, string> arguments, string ifName)
    {
        var alias = arguments.TryGetValue("K8S_POD_NAME", out var pod) && pod.Length > 0
            ? $"{arguments.GetValueOrDefault("K8S_POD_NAMESPACE")}/{pod}/{ifName}"
            : $"{ContainerId}/{ifName}";
        return System.Text.Encoding.UTF8.GetByteCount(alias) < 256 ? alias : $"{ContainerId![..Math.Min(200, ContainerId!.Length)]}/{ifName}";
    }

    // Where the program is not native code, the library names its assembly instead of the link it was called by.
    private static string CalledAs() => Environment.GetCommandLineArgs()[0] is var first && !first.EndsWith(".dll", StringComparison.Ordinal)
        ? first
        : File.ReadAllText("/proc/self/cmdline").Split('\0')[0];

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
