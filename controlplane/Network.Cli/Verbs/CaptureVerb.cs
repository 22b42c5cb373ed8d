using System.CommandLine;

namespace Network.Cli.Verbs;

internal static class CaptureVerb
{
    internal static Command Create() => new("capture", "capture packets");
}
