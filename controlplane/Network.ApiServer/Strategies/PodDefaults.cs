using System.Text.Json.Nodes;
using Network.Api.Quantities;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Defaults of a pod spec, also inside templates (pkg/apis/core/v1/defaults.go).</summary>
internal static class PodDefaults
{
    public static void Apply(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");
        // The old name of the field is still read by old clients.
        if (spec.Text("serviceAccountName").Length == 0 && spec.Text("serviceAccount").Length > 0)
            spec["serviceAccountName"] = spec.Text("serviceAccount");
        var hostNetwork = spec.Flag("hostNetwork") == true;
        foreach (var volume in spec.Items("volumes"))
            ApplyVolume(volume);
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers", "ephemeralContainers"])
        {
            foreach (var container in spec.Items(list))
                ApplyContainer(container, hostNetwork);
        }
    }

    private static void ApplyContainer(JsonObject container, bool hostNetwork)
    {
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("imagePullPolicy", PullsAlways(container.Text("image")) ? "Always" : "IfNotPresent");
        container.Default("resources", new JsonObject());
        foreach (var port in container.Items("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port.Number("hostPort") is null or 0)
                port["hostPort"] = port["containerPort"]?.DeepClone();
        }

        foreach (var env in container.Items("env"))
        {
            if (env.At("valueFrom", "fieldRef") is JsonObject field)
                field.Default("apiVersion", "v1");
        }

        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container[name] is JsonObject probe)
                ApplyProbe(probe);
        }

        foreach (var name in (ReadOnlySpan<string>)["postStart", "preStop"])
        {
            if (container.At("lifecycle", name, "httpGet") is JsonObject get)
                ApplyHttpGet(get);
        }

        ApplyResources(container);
    }

    private static void ApplyProbe(JsonObject probe)
    {
        DefaultZero(probe, "timeoutSeconds", 1);
        DefaultZero(probe, "periodSeconds", 10);
        DefaultZero(probe, "successThreshold", 1);
        DefaultZero(probe, "failureThreshold", 3);
        if (probe["httpGet"] is JsonObject get)
            ApplyHttpGet(get);
        if (probe["grpc"] is JsonObject grpc)
            grpc.Default("service", "");
    }

    private static void ApplyHttpGet(JsonObject get)
    {
        get.Default("path", "/");
        get.Default("scheme", "HTTP");
    }

    private static void ApplyResources(JsonObject container)
    {
        if (container.At("resources", "limits") is not JsonObject { Count: > 0 } limits)
            return;
        var requests = container.Child("resources").Child("requests");
        foreach (var (name, value) in limits)
        {
            if (Quantity.TryParse(value?.ToString(), out _))
                requests.Default(name, value!.DeepClone());
        }
    }

    private static void ApplyVolume(JsonObject volume)
    {
        foreach (var kind in (ReadOnlySpan<string>)["secret", "configMap", "downwardAPI", "projected"])
        {
            if (volume[kind] is JsonObject source)
                source.Default("defaultMode", 420);
        }

        foreach (var item in volume.Items("projected", "sources"))
        {
            if (item["serviceAccountToken"] is JsonObject token)
                token.Default("expirationSeconds", 3600);
        }

        if (volume["hostPath"] is JsonObject host)
            host.Default("type", "");
        if (volume.Count == 1)
            volume["emptyDir"] = new JsonObject();
    }

    private static void DefaultZero(JsonObject node, string name, int value)
    {
        if (node.Number(name) is null or 0)
            node[name] = value;
    }

    // latest, or no tag and no digest.
    private static bool PullsAlways(string image)
    {
        if (image.Contains('@'))
            return false;
        var last = image[(image.LastIndexOf('/') + 1)..];
        var tag = last.IndexOf(':');
        return tag < 0 || last[(tag + 1)..] == "latest";
    }
}
