using System.Text.Json.Nodes;
using Network.Api.Schema;

namespace Network.ApiServer.Authorization;

/// <summary>The objects a pod refers to by name in its own namespace (pkg/api/v1/pod VisitPodSecretNames and its sisters).</summary>
internal static class PodReferences
{
    private static readonly string[] s_containers = ["initContainers", "containers", "ephemeralContainers"];

    public static IEnumerable<string> Secrets(JsonNode? spec)
    {
        var names = spec.Items("imagePullSecrets").Select(s => s.Text("name"))
            .Concat(Containers(spec).SelectMany(c => c.Items("envFrom")).Select(e => e.Text("secretRef", "name")))
            .Concat(Containers(spec).SelectMany(c => c.Items("env")).Select(e => e.Text("valueFrom", "secretKeyRef", "name")))
            .Concat(spec.Items("volumes").SelectMany(SecretsOfVolume));
        return names.Where(n => n.Length > 0);
    }

    public static IEnumerable<string> ConfigMaps(JsonNode? spec)
    {
        var names = Containers(spec).SelectMany(c => c.Items("envFrom")).Select(e => e.Text("configMapRef", "name"))
            .Concat(Containers(spec).SelectMany(c => c.Items("env")).Select(e => e.Text("valueFrom", "configMapKeyRef", "name")))
            .Concat(spec.Items("volumes").SelectMany(v => v.Items("projected", "sources").Select(s => s.Text("configMap", "name")).Append(v.Text("configMap", "name"))));
        return names.Where(n => n.Length > 0);
    }

    /// <summary>Claims, those of generic ephemeral volumes included: they are named after pod and volume.</summary>
    public static IEnumerable<string> Claims(JsonNode? spec, string pod) => spec.Items("volumes")
        .Select(v => v["ephemeral"] is JsonObject ? $"{pod}-{v.Text("name")}" : v.Text("persistentVolumeClaim", "claimName")).Where(n => n.Length > 0);

    private static IEnumerable<JsonObject> Containers(JsonNode? spec) => s_containers.SelectMany(list => spec.Items(list));

    private static IEnumerable<string> SecretsOfVolume(JsonObject volume)
    {
        yield return volume.Text("secret", "secretName");
        yield return volume.Text("azureFile", "secretName");
        yield return volume.Text("csi", "nodePublishSecretRef", "name");
        foreach (var kind in (string[])["cephfs", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos"])
            yield return volume.Text(kind, "secretRef", "name");
        foreach (var source in volume.Items("projected", "sources"))
            yield return source.Text("secret", "name");
    }
}
