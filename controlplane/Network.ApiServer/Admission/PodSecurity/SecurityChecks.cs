using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Admission.PodSecurity;

/// <summary>The Pod Security Standards (pod-security-admission/policy): each check answers with reason and detail, or null.</summary>
internal static class SecurityChecks
{
    private static readonly string[] s_lists = ["initContainers", "containers", "ephemeralContainers"];

    /// <summary>All violations of a level, in upstream's order: what baseline forbids, then what restricted adds.</summary>
    public static IReadOnlyList<string> Violations(JsonObject pod, string level)
    {
        var restricted = level == "restricted";
        string?[] found = level == "privileged" ? [] :
        [
            BaselineChecks.AppArmor(pod), restricted ? null : BaselineChecks.Capabilities(pod), BaselineChecks.HostNamespaces(pod), restricted ? null : BaselineChecks.HostPaths(pod),
            BaselineChecks.HostPorts(pod), BaselineChecks.HostProcess(pod), BaselineChecks.Privileged(pod), BaselineChecks.ProcMount(pod), BaselineChecks.SeLinux(pod),
            restricted ? null : BaselineChecks.Seccomp(pod), BaselineChecks.Sysctls(pod),
            .. restricted ? RestrictedChecks.All(pod) : [],
        ];
        return [.. found.OfType<string>()];
    }

    public static IEnumerable<JsonObject> Containers(JsonNode pod) => s_lists.SelectMany(list => pod.Items("spec", list));

    public static JsonNode? PodContext(JsonNode pod) => pod.At("spec", "securityContext");

    /// <summary>"reason (container "a" must ...)", or null when no container is guilty.</summary>
    public static string? Guilty(string reason, IEnumerable<string> names, string what)
    {
        var list = names.ToList();
        return list.Count == 0 ? null : $"{reason} ({Named("container", list)} {what})";
    }

    public static string Named(string noun, IReadOnlyCollection<string> names) => $"{noun}{(names.Count > 1 ? "s" : "")} {Quoted(names)}";

    public static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(n => $"\"{n}\""));
}
