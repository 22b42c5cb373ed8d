using System.Text.Json.Nodes;
using Network.Api.Schema;
using static Network.ApiServer.Admission.PodSecurity.SecurityChecks;

namespace Network.ApiServer.Admission.PodSecurity;

/// <summary>Level restricted: what well-behaved programs can do without.</summary>
internal static class RestrictedChecks
{
    private static readonly HashSet<string> s_volumes = ["name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image"];

    // Windows has no capabilities, no seccomp and no privilege escalation.
    public static IEnumerable<string?> All(JsonObject pod)
    {
        var windows = pod.Text("spec", "os", "name") == "windows";
        return [windows ? null : Escalation(pod), windows ? null : Capabilities(pod), Volumes(pod), NonRoot(pod), RootUser(pod), windows ? null : Seccomp(pod)];
    }

    private static string? Escalation(JsonObject pod) => Guilty("allowPrivilegeEscalation != false",
        Containers(pod).Where(c => c.Flag("securityContext", "allowPrivilegeEscalation") != false).Select(c => c.Text("name")), "must set securityContext.allowPrivilegeEscalation=false");

    private static string? Capabilities(JsonObject pod)
    {
        var keeping = Containers(pod).Where(c => !c.Texts("securityContext", "capabilities", "drop").Contains("ALL")).Select(c => c.Text("name")).ToList();
        var adding = Containers(pod).Select(c => (Name: c.Text("name"), Added: c.Texts("securityContext", "capabilities", "add").Where(a => a != "NET_BIND_SERVICE").ToList()))
            .Where(c => c.Added.Count > 0).ToList();
        var details = new List<string>();
        if (keeping.Count > 0)
            details.Add($"{Named("container", keeping)} must set securityContext.capabilities.drop=[\"ALL\"]");
        if (adding.Count > 0)
            details.Add($"{Named("container", [.. adding.Select(a => a.Name)])} must not include {Quoted(adding.SelectMany(a => a.Added).Distinct().Order(StringComparer.Ordinal))} in securityContext.capabilities.add");
        return details.Count == 0 ? null : $"unrestricted capabilities ({string.Join("; ", details)})";
    }

    private static string? Volumes(JsonObject pod)
    {
        var bad = pod.Items("spec", "volumes").Select(v => (Name: v.Text("name"), Kind: v.Select(m => m.Key).FirstOrDefault(k => !s_volumes.Contains(k)))).Where(v => v.Kind is not null).ToList();
        if (bad.Count == 0)
            return null;
        var kinds = bad.Select(v => v.Kind!).Distinct().Order(StringComparer.Ordinal).ToList();
        return $"restricted volume types ({Named("volume", [.. bad.Select(v => v.Name)])} {(bad.Count > 1 ? "use" : "uses")} restricted volume type{(kinds.Count > 1 ? "s" : "")} {Quoted(kinds)})";
    }

    private static string? NonRoot(JsonObject pod)
    {
        var onPod = PodContext(pod).Flag("runAsNonRoot");
        var against = Containers(pod).Where(c => c.Flag("securityContext", "runAsNonRoot") == false).Select(c => c.Text("name")).ToList();
        if (against.Count > 0)
            return Guilty("runAsNonRoot != true", against, "must not set securityContext.runAsNonRoot=false");
        if (onPod == true)
            return null;
        var silent = Containers(pod).Where(c => c.Flag("securityContext", "runAsNonRoot") is null).Select(c => c.Text("name")).ToList();
        if (silent.Count == 0)
            return null;
        return onPod == false ? "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"
            : $"runAsNonRoot != true (pod or {Named("container", silent)} must set securityContext.runAsNonRoot=true)";
    }

    private static string? RootUser(JsonObject pod)
    {
        var bad = Containers(pod).Where(c => c.Number("securityContext", "runAsUser") == 0).Select(c => c.Text("name")).ToList();
        var parts = new List<string>();
        if (PodContext(pod).Number("runAsUser") == 0)
            parts.Add("pod");
        if (bad.Count > 0)
            parts.Add(Named("container", bad));
        return parts.Count == 0 ? null : $"runAsUser=0 ({string.Join(" and ", parts)} must not set runAsUser=0)";
    }

    private static string? Seccomp(JsonObject pod)
    {
        static bool Good(string type) => type is "RuntimeDefault" or "Localhost";
        var bad = Containers(pod).Where(c => c.Text("securityContext", "seccompProfile", "type") is { Length: > 0 } type && !Good(type)).ToList();
        if (bad.Count > 0)
            return Guilty("seccompProfile", bad.Select(c => c.Text("name")), "must not set securityContext.seccompProfile.type to \"Unconfined\"");
        var onPod = PodContext(pod).Text("seccompProfile", "type");
        if (Good(onPod))
            return null;
        var silent = Containers(pod).Where(c => c.Text("securityContext", "seccompProfile", "type").Length == 0).Select(c => c.Text("name")).ToList();
        if (silent.Count == 0)
            return null;
        return onPod.Length > 0 ? $"seccompProfile (pod must not set securityContext.seccompProfile.type to \"{onPod}\")"
            : $"seccompProfile (pod or {Named("container", silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";
    }
}
