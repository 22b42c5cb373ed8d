using Network.Linux;

namespace Network.Kubelet.Pods;

/// <summary>Signal names of images and pod specs as numbers (signal(7), x86 and ARM).</summary>
internal static class StopSignal
{
    private static readonly string[] s_names =
    [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
        "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];

    /// <summary>An empty or unknown name means SIGTERM.</summary>
    internal static int Parse(string text)
    {
        if (int.TryParse(text, out var number) && number is > 0 and <= 64)
            return number;
        var name = text.StartsWith("SIG", StringComparison.Ordinal) ? text[3..] : text;
        const int firstRealTime = 34;
        if (name.StartsWith("RTMIN", StringComparison.Ordinal))
            return int.TryParse(name.AsSpan(5), out var above) ? firstRealTime + above : firstRealTime;
        var index = Array.IndexOf(s_names, name);
        return index < 0 ? Processes.SIGTERM : index + 1;
    }
}
