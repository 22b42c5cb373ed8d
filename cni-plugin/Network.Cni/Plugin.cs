using Network.Cni.Protocol;
using Network.Cni.Types;
using Network.Linux;

namespace Network.Cni;

/// <summary>What goes to standard output and how the process ends.</summary>
internal readonly record struct Reply(int ExitCode, ReadOnlyMemory<byte> Output);

/// <summary>One invocation: environment and standard input to standard output and exit code.</summary>
internal static class Plugin
{
    private const string Commands = "ADD, DEL, CHECK, GC, STATUS or VERSION";

    internal static Reply Run(CniEnvironment environment, ReadOnlyMemory<byte> input)
    {
        var version = CniVersion.Newest;
        try
        {
            if (environment.Command == "VERSION")
                return new Reply(0, ResultJson.Versions(NetworkConfig.VersionOf(input)));
            var config = NetworkConfig.Parse(input);
            version = config.CniVersion;
            return new Reply(0, Dispatch(environment, config));
        }
        catch (CniException e)
        {
            return new Reply(1, ResultJson.Error(version, e));
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            return new Reply(1, ResultJson.Error(version, new CniException(CniError.Io, e.Message)));
        }
    }

    private static ReadOnlyMemory<byte> Dispatch(CniEnvironment environment, NetworkConfig config)
    {
        if (!CniVersion.Has(config.CniVersion, environment.Command!))
            throw new CniException(CniError.IncompatibleVersion, $"cniVersion {config.CniVersion} has no {environment.Command}; CHECK came with 0.4.0, GC and STATUS with 1.1.0");
        var call = new Invocation(environment, config);
        switch (environment.Command)
        {
            case "ADD":
                var added = environment.RequireAttachment();
                return TypeTable.Of(call).Add(added);
            case "DEL":
                var deleted = environment.RequireContainer();
                TypeTable.Of(call).Delete(deleted);
                return default;
            case "CHECK":
                var @checked = environment.RequireAttachment();
                if (!config.PreviousResult.Exists)
                    throw config.Root.Invalid("prevResult", null, "the result of ADD");
                TypeTable.Of(call).Check(@checked);
                return default;
            case "GC":
                environment.RequirePath();
                TypeTable.Of(call).Collect(config.ValidAttachments());
                return default;
            case "STATUS":
                environment.RequirePath();
                TypeTable.Of(call).Status();
                return default;
            default:
                throw new CniException(CniError.BadEnvironment, $"CNI_COMMAND \"{environment.Command}\" is unknown; use {Commands}");
        }
    }
}
