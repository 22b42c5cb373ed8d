using System.Text;
using System.Text.Json.Nodes;
using Network.Api.Errors;
using Network.Api.Schema;

namespace Network.ApiServer.Strategies;

/// <summary>Secrets: stringData is a write-only convenience that ends up in data.</summary>
internal sealed class SecretStrategy : Strategy
{
    public override void Default(JsonObject value)
    {
        if (value.Text("type").Length == 0)
            value["type"] = "Opaque";
        if (!value.Remove("stringData", out var plain) || plain is not JsonObject texts)
            return;
        var data = value.Child("data");
        foreach (var (key, text) in texts)
            data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text?.ToString() ?? ""));
    }

    public override void Validate(JsonObject value, List<FieldFault> faults)
    {
        if (ConfigMapStrategy.Sizes(value["data"]) > ConfigMapStrategy.MaxBytes * 4 / 3)
            faults.Add(FieldFault.TooLong("data", ConfigMapStrategy.MaxBytes));
        ConfigMapStrategy.CheckKeys(value, "data", faults);
        if (value.Text("type") == "kubernetes.io/service-account-token" && value.Text("metadata", "annotations", "kubernetes.io/service-account.name").Length == 0)
            faults.Add(FieldFault.Required("metadata.annotations[kubernetes.io/service-account.name]"));
        foreach (var key in RequiredKeys(value.Text("type")))
        {
            if (value.At("data", key) is null)
                faults.Add(FieldFault.Required($"data[{key}]"));
        }
    }

    public override void ValidateUpdate(JsonObject value, JsonObject old, List<FieldFault> faults)
    {
        SelectorRules.Immutable(value, old, faults, "type");
        if (old.Flag("immutable") == true && !JsonNode.DeepEquals(value["data"], old["data"]))
            faults.Add(FieldFault.Forbidden("data", "field is immutable when `immutable` is set"));
        if (old.Flag("immutable") == true && value.Flag("immutable") != true)
            faults.Add(FieldFault.Forbidden("immutable", "field is immutable when `immutable` is set"));
    }

    private static string[] RequiredKeys(string type) => type switch
    {
        "kubernetes.io/tls" => ["tls.crt", "tls.key"],
        "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => ["ssh-privatekey"],
        _ => [],
    };
}
