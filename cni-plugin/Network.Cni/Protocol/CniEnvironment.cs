namespace Network.Cni.Protocol;

/// <summary>The CNI_* variables of one invocation.</summary>
internal sealed record CniEnvironment
{
    internal string? Command { get; init; }

    internal string? ContainerId { get; init; }

    internal string? NetNs { get; init; }

    internal string? IfName { get; init; }

    internal string? Args { get; init; }

    internal bool AllowOwnNetNs { get; init; }

    internal static CniEnvironment FromProcess() => new()
    {
        Command = Read("CNI_COMMAND"),
        ContainerId = Read("CNI_CONTAINERID"),
        NetNs = Read("CNI_NETNS"),
        IfName = Read("CNI_IFNAME"),
        Args = Read("CNI_ARGS"),
        AllowOwnNetNs = Read("CNI_NETNS_OVERRIDE") is "1" or "true",
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
        if (IfName is not { Length: > 0 and <= 15 } name || name is "." or ".." || name.AsSpan().ContainsAny(" \t\r\n/:"))
            throw new CniException(CniError.BadEnvironment,
                $"CNI_IFNAME \"{IfName}\" is not an interface name; at most 15 characters, no space, slash or colon");
        return new Attachment(id, name, NetNs ?? "", AliasOf(name)) { AllowOwnNetNs = AllowOwnNetNs };
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
    private string AliasOf(string ifName)
    {
        string? ns = null, pod = null;
        foreach (var pair in (Args ?? "").Split(';'))
        {
            if (pair.StartsWith("K8S_POD_NAMESPACE=", StringComparison.Ordinal))
                ns = pair["K8S_POD_NAMESPACE=".Length..];
            else if (pair.StartsWith("K8S_POD_NAME=", StringComparison.Ordinal))
                pod = pair["K8S_POD_NAME=".Length..];
        }

        var alias = pod is null ? $"{ContainerId}/{ifName}" : $"{ns}/{pod}/{ifName}";
        return alias.Length < 256 ? alias : alias[..255];
    }

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
