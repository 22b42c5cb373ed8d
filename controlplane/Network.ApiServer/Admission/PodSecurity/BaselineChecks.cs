using System.Text.Json.Nodes;
using Network.Api.Schema;
using static Network.ApiServer.Admission.PodSecurity.SecurityChecks;

namespace Network.ApiServer.Admission.PodSecurity;

/// <summary>Level baseline: no known ways to become root on the node.</summary>
internal static class BaselineChecks
{
    private static readonly HashSet<string> s_capabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    private static readonly HashSet<string> s_sysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    ];

    private static readonly HashSet<string> s_seLinuxTypes = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

    public static string? AppArmor(JsonObject pod)
    {
        var bad = Containers(pod).Where(c => c.Text("securityContext", "appArmorProfile", "type") == "Unconfined").Select(c => c.Text("name")).ToList();
        var parts = new List<string>();
        if (PodContext(pod).Text("appArmorProfile", "type") == "Unconfined")
            parts.Add("pod");
        if (bad.Count > 0)
            parts.Add(Named("container", bad));
        if (parts.Count > 0)
            return $"forbidden AppArmor profile ({string.Join(" and ", parts)} must not set AppArmor profile type to \"Unconfined\")";
        var annotated = (pod.At("metadata", "annotations") as JsonObject ?? [])
            .Where(a => a.Key.StartsWith("container.apparmor.security.beta.kubernetes.io/", StringComparison.Ordinal) && a.Value?.ToString() == "unconfined").Select(a => $"{a.Key}=\"{a.Value}\"").ToList();
        return annotated.Count == 0 ? null : $"forbidden AppArmor profile{(annotated.Count > 1 ? "s" : "")} ({string.Join(", ", annotated)})";
    }

    public static string? Capabilities(JsonObject pod)
    {
        var bad = Containers(pod).Select(c => (Name: c.Text("name"), Added: c.Texts("securityContext", "capabilities", "add").Where(a => !s_capabilities.Contains(a)).ToList()))
            .Where(c => c.Added.Count > 0).ToList();
        return Guilty("non-default capabilities", bad.Select(c => c.Name),
            $"must not include {Quoted(bad.SelectMany(c => c.Added).Distinct().Order(StringComparer.Ordinal))} in securityContext.capabilities.add");
    }

    public static string? HostNamespaces(JsonObject pod)
    {
        var shared = new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(f => pod.Flag("spec", f) == true).Select(f => f + "=true").ToList();
        return shared.Count == 0 ? null : $"host namespaces ({string.Join(", ", shared)})";
    }

    public static string? HostPaths(JsonObject pod)
    {
        var bad = pod.Items("spec", "volumes").Where(v => v["hostPath"] is not null).Select(v => v.Text("name")).ToList();
        return bad.Count == 0 ? null : $"hostPath volumes ({Named("volume", bad)})";
    }

    public static string? HostPorts(JsonObject pod)
    {
        var bad = Containers(pod).Select(c => (Name: c.Text("name"), Ports: c.Items("ports").Select(p => p.Number("hostPort") ?? 0).Where(p => p > 0).ToList())).Where(c => c.Ports.Count > 0).ToList();
        var ports = bad.SelectMany(c => c.Ports).Distinct().Order().ToList();
        return Guilty("hostPort", bad.Select(c => c.Name), $"{(bad.Count > 1 ? "use" : "uses")} hostPort{(ports.Count > 1 ? "s" : "")} {string.Join(", ", ports)}");
    }

    public static string? HostProcess(JsonObject pod)
    {
        if (PodContext(pod).Flag("windowsOptions", "hostProcess") == true)
            return "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)";
        return Guilty("hostProcess", Containers(pod).Where(c => c.Flag("securityContext", "windowsOptions", "hostProcess") == true).Select(c => c.Text("name")),
            "must not set securityContext.windowsOptions.hostProcess=true");
    }

    public static string? Privileged(JsonObject pod) =>
        Guilty("privileged", Containers(pod).Where(c => c.Flag("securityContext", "privileged") == true).Select(c => c.Text("name")), "must not set securityContext.privileged=true");

    public static string? ProcMount(JsonObject pod)
    {
        var bad = Containers(pod).Where(c => c.Text("securityContext", "procMount") is not ("" or "Default")).ToList();
        return Guilty("procMount", bad.Select(c => c.Text("name")),
            $"must not set securityContext.procMount to {Quoted(bad.Select(c => c.Text("securityContext", "procMount")).Distinct().Order(StringComparer.Ordinal))}");
    }

    public static string? SeLinux(JsonObject pod)
    {
        var contexts = Containers(pod).Select(c => (Who: $"container \"{c.Text("name")}\"", Options: c.At("securityContext", "seLinuxOptions")))
            .Prepend((Who: "pod", Options: PodContext(pod).At("seLinuxOptions")))
            .Where(c => !s_seLinuxTypes.Contains(c.Options.Text("type")) || c.Options.Text("user").Length > 0 || c.Options.Text("role").Length > 0).ToList();
        if (contexts.Count == 0)
            return null;
        var details = contexts.Select(c => c.Options.Text("type")).Where(t => !s_seLinuxTypes.Contains(t)).Distinct().Select(t => $"type \"{t}\"").ToList();
        if (contexts.Any(c => c.Options.Text("user").Length > 0))
            details.Add("user may not be set");
        if (contexts.Any(c => c.Options.Text("role").Length > 0))
            details.Add("role may not be set");
        return $"seLinuxOptions ({string.Join(" and ", contexts.Select(c => c.Who))} set forbidden securityContext.seLinuxOptions: {string.Join("; ", details)})";
    }

    public static string? Seccomp(JsonObject pod)
    {
        var bad = Containers(pod).Where(c => c.Text("securityContext", "seccompProfile", "type") == "Unconfined").Select(c => c.Text("name")).ToList();
        var parts = new List<string>();
        if (PodContext(pod).Text("seccompProfile", "type") == "Unconfined")
            parts.Add("pod");
        if (bad.Count > 0)
            parts.Add(Named("container", bad));
        return parts.Count == 0 ? null : $"seccompProfile ({string.Join(" and ", parts)} must not set securityContext.seccompProfile.type to \"Unconfined\")";
    }

    public static string? Sysctls(JsonObject pod)
    {
        var bad = PodContext(pod).Items("sysctls").Select(s => s.Text("name")).Where(n => !s_sysctls.Contains(n)).ToList();
        return bad.Count == 0 ? null : $"forbidden sysctl{(bad.Count > 1 ? "s" : "")} ({string.Join(", ", bad)})";
    }
}
