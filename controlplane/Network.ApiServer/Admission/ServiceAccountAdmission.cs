using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.Api.Schema;
using Network.ApiServer.Authorization;
using Network.ApiServer.Registry;

namespace Network.ApiServer.Admission;

/// <summary>Gives every pod an account and its credentials as one projected volume.</summary>
internal sealed class ServiceAccountAdmission(ObjectRegistry registry) : IAdmission
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    // An hour and a little, so that a token asked for an hour never looks already old.
    private const int TokenSeconds = 3607;

    public ValueTask AdmitAsync(AdmissionRequest request)
    {
        if (request.Operation != AdmissionOperation.Create || request.Context.Resource is not { Group: "", Plural: "pods" })
            return default;
        var spec = request.Value.Child("spec");
        // Mirror pods show what a kubelet runs by itself; they have no account.
        if (request.Value.Text("metadata", "annotations", "kubernetes.io/config.mirror").Length > 0)
        {
            CheckMirror(request, spec);
            return default;
        }

        if (spec.Text("serviceAccountName").Length == 0)
            spec["serviceAccountName"] = "default";
        var name = spec.Text("serviceAccountName");
        spec["serviceAccount"] = name;
        var ns = request.Context.Namespace;
        var account = registry.Find(ResourceCatalog.Get("serviceaccounts"), ns, name) ?? throw Refusal.Forbidden("pods", "",
            request.Value.Text("metadata", "name"), $"error looking up service account {ns}/{name}: serviceaccount \"{name}\" not found");
        if ((spec.Flag("automountServiceAccountToken") ?? account.Flag("automountServiceAccountToken")) != false)
            Mount(spec);
        if (spec["imagePullSecrets"] is null && account["imagePullSecrets"] is JsonArray { Count: > 0 } secrets)
            spec["imagePullSecrets"] = secrets.DeepClone();
        return default;
    }

    private static void CheckMirror(AdmissionRequest request, JsonObject spec)
    {
        if (spec.Text("serviceAccountName").Length > 0)
            throw Refusal.Forbidden("pods", "", request.Name, "a mirror pod may not reference service accounts");
        if (PodReferences.Secrets(spec).Any())
            throw Refusal.Forbidden("pods", "", request.Name, "a mirror pod may not reference secrets");
        if (spec.Items("volumes").SelectMany(v => v.Items("projected", "sources")).Any(s => s["serviceAccountToken"] is not null))
            throw Refusal.Forbidden("pods", "", request.Name, "a mirror pod may not use ServiceAccountToken volume projections");
    }

    private static void Mount(JsonObject spec)
    {
        var volume = spec.Items("volumes").Select(v => v.Text("name")).FirstOrDefault(n => n.StartsWith("kube-api-access-", StringComparison.Ordinal));
        var needed = false;
        volume ??= "kube-api-access-" + ObjectNames.Suffix();
        foreach (var list in (ReadOnlySpan<string>)["initContainers", "containers"])
        {
            foreach (var container in spec.Items(list))
            {
                if (container.Items("volumeMounts").Any(m => m.Text("mountPath") == MountPath))
                    continue;
                needed = true;
                if (container["volumeMounts"] is not JsonArray mounts)
                    container["volumeMounts"] = mounts = [];
                mounts.Add((JsonNode)new JsonObject { ["name"] = volume, ["readOnly"] = true, ["mountPath"] = MountPath });
            }
        }

        if (!needed || spec.Items("volumes").Any(v => v.Text("name") == volume))
            return;
        if (spec["volumes"] is not JsonArray volumes)
            spec["volumes"] = volumes = [];
        volumes.Add((JsonNode)Projected(volume));
    }

    private static JsonObject Projected(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt", ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace", ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = 420,
        },
    };
}
