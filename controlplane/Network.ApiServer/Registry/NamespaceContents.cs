using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Resources;
using Network.ApiServer.Authentication;

namespace Network.ApiServer.Registry;

/// <summary>
/// What every namespace starts with: its default account and the cluster's authority. Created with the namespace, because pods made right after it
/// need both.
/// </summary>
internal static class NamespaceContents
{
    public const string RootCertificate = "kube-root-ca.crt";

    public static async ValueTask FillNamespaceAsync(this ObjectRegistry registry, string ns)
    {
        await CreateIfMissingAsync(registry, "serviceaccounts", ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } });
        if (registry.RootCertificate.Length > 0)
        {
            await CreateIfMissingAsync(registry, "configmaps", ns, new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = RootCertificate,
                    ["annotations"] = new JsonObject
                    {
                        ["kubernetes.io/description"] = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
                    },
                },
                ["data"] = new JsonObject { ["ca.crt"] = registry.RootCertificate },
            });
        }
    }

    private static async ValueTask CreateIfMissingAsync(ObjectRegistry registry, string plural, string ns, JsonObject value)
    {
        try
        {
            await registry.CreateAsync(new WriteContext(ResourceCatalog.Get(plural), ns, UserInfo.Loopback) { FieldManager = "podnet-apiserver" }, value);
        }
        catch (ApiException e) when (e.Reason == "AlreadyExists")
        {
            // A controller or another server was first.
        }
    }
}
