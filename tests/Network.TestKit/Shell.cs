using Network.Linux;

namespace Network.TestKit;

/// <summary>Foreign tools as oracles: ip, nft, dig, tshark, kubectl.</summary>
public static class Shell
{
    /// <summary>Runs a command and returns its standard output; a failure throws with its words.</summary>
    public static string Run(string file, params string[] arguments) => Checked(new ChildSpec(file, arguments)).Output;

    /// <summary>Runs a command inside a network namespace.</summary>
    public static string RunIn(string netNs, string file, params string[] arguments) =>
        Checked(new ChildSpec(file, arguments) { NetNs = netNs }).Output;

    /// <inheritdoc cref="Run(string, string[])"/>
    public static string Run(ChildSpec spec) => Checked(spec).Output;

    private static CommandResult Checked(ChildSpec spec) =>
        Command.RunAsync(spec).GetAwaiter().GetResult().OrThrow($"{spec.File} {string.Join(' ', spec.Arguments)}");
}
