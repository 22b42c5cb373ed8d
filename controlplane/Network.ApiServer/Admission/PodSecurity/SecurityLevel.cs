using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.PodSecurity;

/// <summary>What a namespace asks of its pods: a level and a version to enforce, to warn about and to write into the audit log.</summary>
internal sealed record SecurityLevel(string Level, string Version)
{
    public const string Prefix = "pod-security.kubernetes.io/";

    public static IReadOnlyList<string> Levels { get; } = ["privileged", "baseline", "restricted"];

    public bool Restricts => Level is "baseline" or "restricted";

    public override string ToString() => $"{Level}:{Version}";

    /// <param name="mode">enforce, warn or audit.</param>
    public static SecurityLevel Of(JsonNode? ns, string mode)
    {
        var labels = ns.At("metadata", "labels");
        var version = labels.Text($"{Prefix}{mode}-version");
        var level = labels.Text(Prefix + mode);
        // An unknown level is treated as the strictest, so that a slip of the pen opens nothing.
        return new(level.Length == 0 ? "privileged" : Levels.Contains(level) ? level : "restricted", version.Length == 0 ? "latest" : version);
    }
}
