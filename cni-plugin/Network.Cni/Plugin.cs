using Network.Cni.Attach;
using Network.Cni.Ipam;
using Network.Cni.Protocol;
using Network.Linux;

namespace Network.Cni;

/// <summary>What goes to standard output and how the process ends.</summary>
internal readonly record struct Reply(int ExitCode, ReadOnlyMemory<byte> Output);

/// <summary>One invocation: environment and standard input to standard output and exit code.</summary>
internal static class Plugin
{
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
        switch (environment.Command)
        {
            case "ADD":
                return ResultJson.Write(AddCommand.Run(environment.RequireAttachment(), config), config);
            case "DEL":
                DelCommand.Run(environment.RequireContainer(), config);
                return default;
            case "CHECK":
                CheckCommand.Run(environment.RequireAttachment(), config);
                return default;
            case "GC":
                GcCommand.Run(config);
                return default;
            case "STATUS":
                using (var pool = AddressPool.Open(config))
                    pool.RequireFree();
                return default;
            default:
                throw new CniException(CniError.BadEnvironment,
                    $"CNI_COMMAND \"{environment.Command}\" is unknown; use ADD, DEL, CHECK, GC, STATUS or VERSION");
        }
    }
}
