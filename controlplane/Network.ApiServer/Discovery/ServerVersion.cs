using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Network.ApiServer.Discovery;

/// <summary>
/// What this server says it is. Clients switch features on the minor version, so it is a deliberate promise: the API of 1.32.
/// </summary>
internal static class ServerVersion
{
    public const string Git = "v1.32.0+podnet";

    public static JsonObject Document { get; } = new()
    {
        ["major"] = "1", ["minor"] = "32", ["gitVersion"] = Git, ["gitCommit"] = "0000000000000000000000000000000000000000",
        ["gitTreeState"] = "clean", ["buildDate"] = "1970-01-01T00:00:00Z", ["goVersion"] = "go1.23.0", ["compiler"] = "gc",
        ["platform"] = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "linux/arm64" : "linux/amd64",
    };
}
